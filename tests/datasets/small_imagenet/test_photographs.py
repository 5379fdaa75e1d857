"""A photograph becomes the same 37×37 greys whatever file it comes in, and a bad file is told from it."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from stages.datasets.small_imagenet import photographs
from stages.datasets.small_imagenet.photographs import Undecodable, shrink
from tests.datasets.small_imagenet.stand_in import encoded, picture


def area_means(image: Image.Image) -> np.ndarray:
    """The centred square of an RGB image as exact means over 37×37 equal areas of its luma, from every pixel."""
    luma = np.asarray(image, np.float64) @ [0.299, 0.587, 0.114]
    side = min(luma.shape)

    def weights(length: int) -> np.ndarray:
        edges = (length - side) / 2 + np.arange(38) * side / 37
        pixel = np.arange(length)
        shares = np.minimum(pixel + 1, edges[1:, None]) - np.maximum(pixel, edges[:-1, None])
        return shares.clip(0) / (side / 37)

    return weights(luma.shape[0]) @ luma @ weights(luma.shape[1]).T


def furthest(found: np.ndarray, expected: np.ndarray) -> float:
    """How many greys two images differ by at most."""
    return float(np.abs(found.astype(float) - expected).max())


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (333, 500), (900, 620), (300, 299), (75, 74), (64, 90)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_pixels_are_the_means_over_their_areas(size, kind):
    image = picture(3, *size)
    found = shrink(encoded(image, kind, **({"quality": 95} if kind == "JPEG" else {})))
    assert found.dtype == np.uint8
    assert found.shape == (37, 37)
    assert furthest(found, area_means(image)) < 4


def test_the_square_is_cut_out_of_the_centre():
    stripes = np.zeros((100, 300, 3), np.uint8)
    stripes[:, 97:203] = 200  # the centred square, and three pixels more that the filter reaches
    assert set(shrink(encoded(Image.fromarray(stripes), "PNG")).ravel()) == {200}
    assert set(shrink(encoded(Image.fromarray(stripes.transpose(1, 0, 2)), "PNG")).ravel()) == {200}


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (36, 36)])
def test_photographs_smaller_than_the_image_are_enlarged(size):
    assert shrink(encoded(Image.new("RGB", size, (90, 90, 90)), "PNG")).tolist() == [[90] * 37] * 37


@pytest.mark.parametrize(
    ("colour", "luma"),
    [((255, 0, 0), 0.299), ((0, 255, 0), 0.587), ((0, 0, 255), 0.114), ((255, 255, 0), 0.886), ((0, 255, 255), 0.701)],
)
def test_grey_is_the_luma_of_itu_r_601(colour, luma):
    solid = Image.new("RGB", (120, 100), colour)
    for file in (
        encoded(solid, "PNG"),
        encoded(solid, "BMP"),
        encoded(solid, "JPEG", quality=100),
        encoded(solid, "JPEG", quality=100, keep_rgb=True),  # stored without YCbCr
        encoded(solid.convert("CMYK"), "JPEG", quality=100),
    ):
        assert np.abs(shrink(file) - 255 * luma).max() < 2


def test_a_cmyk_jpeg_looks_like_the_same_picture_in_rgb():
    image = picture(4, 400, 300)
    cyan, magenta, yellow = (255 - np.asarray(image, int)).transpose(2, 0, 1)
    black = np.minimum(np.minimum(cyan, magenta), yellow) // 2  # some of the grey printed in black
    # what is left to print over it in colour, as (255 − ink)·(255 − black)/255 is the light that remains
    inks = [255 - (255 - ink) * 255 / (255 - black) for ink in (cyan, magenta, yellow)]
    planes = [np.rint(np.clip(ink, 0, 255)).astype(np.uint8) for ink in (*inks, black)]
    file = encoded(Image.merge("CMYK", [Image.fromarray(plane) for plane in planes]), "JPEG", quality=98)
    assert b"Adobe" in file
    assert furthest(shrink(file), area_means(image)) < 4


def test_a_jpeg_in_ycck_looks_like_the_same_picture_in_rgb():
    """Pillow writes none, so its CMYK is given the planes of YCCK, and its Adobe marker is changed to match."""
    image = picture(5, 400, 300)
    planes = Image.fromarray(255 - np.asarray(image)).convert("YCbCr").split()  # of the inks, as Adobe has it
    stored = [Image.fromarray(255 - np.asarray(plane)) for plane in planes] + [Image.new("L", image.size, 0)]
    file = bytearray(encoded(Image.merge("CMYK", stored), "JPEG", quality=98))
    transform = file.index(b"Adobe") + 11
    assert file[transform] == 0
    file[transform] = 2
    assert furthest(shrink(bytes(file)), area_means(image)) < 5


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "JPEG", "quality": 98, "progressive": True},
        {"kind": "JPEG", "quality": 98, "subsampling": "4:4:4"},
        {"kind": "JPEG", "quality": 98, "keep_rgb": True},
        {"kind": "PNG"},
        {"kind": "BMP"},
    ],
)
def test_the_format_is_told_by_the_content(options):
    image = picture(6, 240, 200)
    assert furthest(shrink(encoded(image, **options)), area_means(image)) < 4


def test_grey_and_palette_files_look_like_the_same_picture_in_rgb():
    image = picture(7, 240, 200)
    expected = area_means(image)
    assert furthest(shrink(encoded(image.convert("L"), "JPEG", quality=98)), expected) < 4
    assert furthest(shrink(encoded(image.convert("L"), "PNG")), expected) < 4
    assert furthest(shrink(encoded(image.convert("LA"), "PNG")), expected) < 4
    assert furthest(shrink(encoded(image.convert("RGBA"), "PNG")), expected) < 4
    palette = image.quantize(64)
    assert furthest(shrink(encoded(palette, "PNG")), area_means(palette.convert("RGB"))) < 4
    assert furthest(shrink(encoded(palette, "GIF")), area_means(palette.convert("RGB"))) < 4


def test_sixteen_bits_keep_their_scale():
    grey = np.asarray(picture(8, 240, 200).convert("L"))
    sixteen = Image.fromarray(grey.astype(np.uint16) * 257)
    assert sixteen.mode == "I;16"
    assert np.array_equal(shrink(encoded(sixteen, "PNG")), shrink(encoded(Image.fromarray(grey), "PNG")))


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (80, 80), (255, 0, 0, 0))
    half = Image.new("RGBA", (80, 80), (0, 0, 0, 128))
    assert set(shrink(encoded(clear, "PNG")).ravel()) == {255}
    assert np.abs(shrink(encoded(half, "PNG")) - 127.0).max() <= 1
    assert set(shrink(encoded(clear.convert("RGB"), "PNG", transparency=(255, 0, 0))).ravel()) == {255}
    assert set(shrink(encoded(Image.new("L", (80, 80), 7), "PNG", transparency=7)).ravel()) == {255}
    palette = Image.new("P", (80, 80), 1)
    palette.putpalette([0, 0, 0, 10, 10, 10])
    assert set(shrink(encoded(palette, "PNG", transparency=1)).ravel()) == {255}
    assert set(shrink(encoded(palette, "PNG")).ravel()) == {10}


def test_an_orientation_in_the_file_is_left_out_of_account():
    image = picture(9, 240, 200)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    turned = encoded(image, quality=95, exif=exif.tobytes())
    assert turned != encoded(image, quality=95)
    assert np.array_equal(shrink(turned), shrink(encoded(image, quality=95)))


@pytest.mark.parametrize(("size", "drafted"), [((500, 375), (125, 94)), ((700, 600), (88, 75)), ((147, 200), None)])
def test_the_decoder_scales_down_as_far_as_two_pixels_for_one_remain(monkeypatch, size, drafted):
    seen = []
    resize = Image.Image.resize

    def spy(image, *arguments, **options):
        seen.append((image.mode, image.size))
        return resize(image, *arguments, **options)

    file = encoded(picture(10, *size))
    monkeypatch.setattr(Image.Image, "resize", spy)
    shrink(file)
    assert seen == [("L", drafted or size)]


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to have so many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    file = encoded(Image.new("RGB", (8, 8)), "PNG")
    return file[:12] + header + struct.pack(">I", zlib.crc32(header)) + file[33:]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "neither JPEG, PNG, GIF nor BMP"),
        (b"<html>This photo is no longer available</html>", "neither JPEG"),
        (encoded(picture(1), "TIFF"), "neither JPEG"),
        (encoded(picture(1, 300, 200))[:-500], "truncated"),
        (encoded(picture(1, 300, 200))[:60], "Truncated"),
        (encoded(picture(1, 300, 200), "PNG")[:-500], "truncated"),
        (encoded(picture(1, 300, 200), "PNG")[:1000] + bytes(500), "truncated"),
        (encoded(picture(1, 300, 200), "GIF")[:-500], "truncated"),
        (claiming(9000, 8000), "9000 × 8000 pixels"),  # Pillow would let it pass
        (claiming(11_000, 10_000), "pixels"),  # Pillow would warn
        (claiming(40_000, 40_000), "pixels"),
    ],
)
def test_what_is_no_photograph_is_told_in_the_same_line_each_time(file, words):
    said = []
    for _ in range(2):
        with pytest.raises(Undecodable, match=words) as caught:
            shrink(file)
        said.append(str(caught.value))
    assert said[0] == said[1] != ""
    assert "\n" not in said[0]


def test_a_file_that_is_too_large_is_not_decoded(monkeypatch):
    file = encoded(picture(1))
    monkeypatch.setattr(photographs, "MOST_BYTES", len(file))
    shrink(file)
    monkeypatch.setattr(photographs, "MOST_BYTES", len(file) - 1)
    with pytest.raises(Undecodable, match="more than"):
        shrink(file)


def test_bytes_damaged_anywhere_are_decoded_or_told():
    random = np.random.default_rng(0)
    kinds = ("JPEG", "PNG", "GIF", "BMP")
    files = [bytearray(encoded(picture(2), kind)) for kind in kinds]
    outcomes = set()
    for number in range(600):
        file = bytearray(files[number % len(files)])
        for place in random.integers(0, 400, 3):
            file[place] = random.integers(256)
        try:
            outcomes.add(shrink(bytes(file)).shape)
        except Undecodable:
            outcomes.add("told")
    assert outcomes == {(37, 37), "told"}


def test_real_photographs_come_out_like_their_area_means(imagenet_sample):
    differences = []
    for file in sorted(imagenet_sample.glob("*/*.JPEG"))[::25]:
        with Image.open(file) as image:
            enlarged = image.convert("RGB").resize((5 * image.width, 5 * image.height), Image.Resampling.BICUBIC)
        content = io.BytesIO()
        enlarged.save(content, "JPEG", quality=95)
        differences.append(np.abs(shrink(content.getvalue()) - area_means(enlarged)))
    assert np.mean(differences) < 1.5
    assert np.percentile(differences, 99) < 8
