"""The hidden share, which decides whether a position of the second shape is rejected."""

import math

import numpy
import torch

from stages.shapeset.overlap import hidden_share, power_of_half
from tests.shapeset.recorded_scenes import poses_of, read_author_scenes


def test_power_of_half():
    exponent = torch.linspace(0, 32, 10001)
    expected = torch.exp2(-exponent.double())
    assert (power_of_half(exponent).double() - expected).abs().max() < 1e-5
    assert power_of_half(torch.tensor([-3.0, 0.0])).tolist() == [1, 1]


def test_equal_circles_have_the_share_of_the_formula():
    """Two 20-gons of diameter 10, d = 5 apart along x, have reaches of 5·cos 9° each."""
    poses = torch.tensor([[10.0, 0, 10, 0, 10, 16], [10.0, 0, 15, 0, 10, 16]]).T[..., None]
    kinds = torch.tensor([[2], [2]])
    reach = 2 * 5 * math.cos(math.radians(9))
    expected = 1 - 2 ** -(reach / 5 - 1)
    assert math.isclose(hidden_share(kinds, poses.unbind(1)).item(), expected, rel_tol=1e-5)


def test_the_first_centre_counts_in_whole_pixels_and_the_second_does_not():
    kinds = torch.tensor([[1], [1]])
    square = [10.0, 0, 10, 0, 10, 16]
    shares = []
    for first_x, second_x in ((10, 15.9), (10.9, 15.9)):
        first, second = (torch.tensor([*square[:2], x, *square[3:]])[:, None] for x in (first_x, second_x))
        shares.append(hidden_share(kinds, (first, second)).item())
    half = 10 / math.sqrt(2) / 2
    assert math.isclose(shares[0], 1 - 2 ** -(2 * half / 5.9 - 1), rel_tol=1e-5)
    assert math.isclose(shares[1], 1 - 2 ** -((2 * half + 0.9) / 5.9 - 1), rel_tol=1e-5)


def test_shapes_out_of_reach_hide_nothing():
    poses = torch.tensor([[7.0, 0, 6, 0, 7, 6], [20.0, 0, 20, 0, 20, 20]]).T[..., None]
    assert hidden_share(torch.tensor([[0], [0]]), poses.unbind(1)).item() == 0


def test_no_pair_that_the_author_drew_hides_more_than_half(author_shapeset):
    scenes = read_author_scenes(author_shapeset)
    pairs = scenes.kinds[1] >= 0
    poses = torch.tensor(poses_of(scenes)[:, :, pairs], dtype=torch.float32)
    hidden = hidden_share(torch.tensor(scenes.kinds[:, pairs]), poses.unbind(1)).numpy()
    assert len(hidden) > 900
    assert numpy.all((hidden >= 0) & (hidden <= 0.5 + 1e-5))
    assert hidden.max() > 0.49  # the bound is reached, so it is the author's too
