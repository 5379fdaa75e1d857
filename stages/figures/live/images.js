// Draws Shapeset-3×2 images: those of stages/shapeset, pixel for pixel, since every step rounds to float32 as there.

const SIDE = 32, PIXELS = SIDE * SIDE;
const STREAMS = { train: 0, validation: 1, test: 2, weights: 3 };
const [COMPOSITION, FIRST, SECOND] = [0, 1, 2]; // the purpose of random words
const VERTICES = [3, 4, 20]; // of triangle, parallelogram and ellipse
const CLASS_OF_KINDS = [[3, 4, 5, 0], [4, 6, 7, 1], [5, 7, 8, 2]]; // [first][second]; the last is a single shape
const NO_SHAPE = 3;
const MOST_REJECTIONS = 50; // of the second shape's positions, before it is dropped
const { fround: f, PI, cos, sin, sqrt, abs, max, min, floor } = Math;

// Philox4x32-10 of Salmon et al. (2011): four random words for each index, attempt and purpose of a stream.
const words = new Uint32Array(4);
const highWord = (one, other) => {
  const low = one & 0xffff, high = one >>> 16, otherLow = other & 0xffff, otherHigh = other >>> 16;
  const middle = high * otherLow + ((low * otherLow) >>> 16);
  return high * otherHigh + (middle >>> 16) + ((low * otherHigh + (middle & 0xffff)) >>> 16);
};
const philox = (seed, stream, index, attempt, purpose) => {
  let [a, b, c, d] = [index, 0, attempt, purpose];
  for (let round = 0; round < 10; round += 1) {
    const [left, right] = [seed + round * 0x9e3779b9, stream + round * 0xbb67ae85];
    const [one, other] = [highWord(c, 0xcd9e8d57) ^ b ^ left, highWord(a, 0xd2511f53) ^ d ^ right];
    [b, d] = [Math.imul(c, 0xcd9e8d57), Math.imul(a, 0xd2511f53)];
    [a, c] = [one, other];
  }
  words[0] = a; words[1] = b; words[2] = c; words[3] = d;
};
const unit = (word) => (word >>> 8) * 2 ** -24;

// Whole numbers below a bound, one after another from one word.
let rest = 0;
const whole = (below) => {
  const product = rest * below;
  rest = product >>> 0;
  return floor(product / 2 ** 32);
};
const grey = (light) => whole(115 + light) + 140 * light;

const turned = (step) => [f(cos((2 * PI * step) / 255)), f(sin((2 * PI * step) / 255))];
const LAST_TURNS = Array.from({ length: 254 }, (_, step) => turned(step));
const FIRST_TURNS = VERTICES.map((count) => Array.from({ length: floor(255 / count) }, (_, step) => (
  turned(step > floor(254 / (2 * count)) ? min(255 - floor(254 / count) + step, 254) : step)
)));
const POLYGONS = VERTICES.map((count) => Array.from({ length: count }, (_, vertex) => {
  const angle = PI * (0.5 + (1 + 2 * vertex) / count);
  return [f(cos(angle) / 2), f(sin(angle) / 2)];
}));
const AREAS = VERTICES.map((count) => f((count * sin((2 * PI) / count)) / (2 * PI)));
const OF_TRIANGLE = f(sqrt(3) / 4), OF_SQUARE = f(sqrt(1 / 8));
const OF_ELLIPSE = [9, 27].map((degrees) => [f(cos((degrees * PI) / 180) / 2), f(sin((degrees * PI) / 180) / 2)]);

// a·b + c·d
const sum = (a, b, c, d) => f(f(a * b) + f(c * d));

// The largest dot product of (u, v) with a vertex of the regular polygon.
const reach = (kind, u, v) => {
  const side = abs(u), up = abs(v);
  if (kind === 0) return max(f(f(side * OF_TRIANGLE) + f(v * 0.25)), f(v * -0.5));
  const square = f(f(side + up) * OF_SQUARE);
  if (kind === 1) return square;
  const major = max(side, up), minor = min(side, up);
  return max(square, ...OF_ELLIPSE.map(([one, other]) => sum(major, one, minor, other)));
};

const centre = (kind, u, v, word) => {
  const low = f(1 + reach(kind, -u, -v));
  return f(low + f(unit(word) * f(f(31 - reach(kind, u, v)) - low)));
};

// The point (u, v) of the regular polygon lies at (xu·u + xv·v + x, yu·u + yv·v + y), in pixels.
const place = (kind, [[cos1, sin1], [cos3, sin3]]) => {
  const [one, other] = [words[0], words[1]].map((word) => f(f(6.4) + f(f(19.2) * unit(word))));
  const long = max(one, other), short = min(one, other);
  const along = f(long * cos1), across = f(short * sin1);
  const width = f(sqrt(sum(along, along, across, across)));
  const height = f(f(long * short) / width);
  const shear = f(sum(across, f(short * cos1), -along, f(long * sin1)) / width);
  const [xu, xv] = [f(cos3 * width), sum(cos3, shear, -sin3, height)];
  const [yu, yv] = [f(sin3 * width), sum(sin3, shear, cos3, height)];
  return { kind, xu, xv, yu, yv, x: centre(kind, xu, xv, words[2]), y: centre(kind, yu, yv, words[3]) };
};

const SERIES = [-1, 1, -1, 1, -1, 1].map((sign, at) => f((sign * Math.LN2 ** (5 - at)) / [120, 24, 6, 2, 1, 1][at]));
const powerOfHalf = (exponent) => {
  const part = min(max(exponent, 0), 32) / 32;
  let value = SERIES.reduce((found, coefficient) => f(f(found * part) + coefficient));
  for (let squaring = 0; squaring < 5; squaring += 1) value = f(value * value);
  return value;
};

// The author's estimate of the share of the first shape that the second hides.
const hiddenShare = (first, second) => {
  const [x, y] = [Math.trunc(first.x), Math.trunc(first.y)];
  const [cx, cy] = [f(second.x - x), f(second.y - y)];
  const along = ({ kind, xu, xv, yu, yv }, sign) => (
    reach(kind, sign * sum(xu, cx, yu, cy), sign * sum(xv, cx, yv, cy))
  );
  const reaches = f(f(along(first, 1) + sum(f(first.x - x), cx, f(first.y - y), cy)) + along(second, -1));
  const apart = powerOfHalf(f(f(reaches / max(sum(cx, cx, cy, cy), 2 ** -40)) - 1));
  const [under, over] = [first, second].map(({ kind, xu, xv, yu, yv }) => f(sum(xu, yv, -xv, yu) * AREAS[kind]));
  return f(f(1 - apart) * f(over / under));
};

// Fills each row from the leftmost to the rightmost crossing of the polygon's edges, in whole numbers.
const [left, right] = [new Int32Array(SIDE), new Int32Array(SIDE)];
const fill = (image, { kind, xu, xv, yu, yv, x, y }, level) => {
  const pixel = (value) => Math.trunc(min(max(value, 1), 31 - 2 ** -19));
  const points = POLYGONS[kind].map(([u, v]) => [pixel(f(sum(u, xu, v, xv) + x)), pixel(f(sum(u, yu, v, yv) + y))]);
  const rows = points.map(([, row]) => row), lowest = min(...rows), highest = max(...rows);
  left.fill(SIDE);
  right.fill(-1);
  const cross = (row, column) => {
    left[row] = min(left[row], column);
    right[row] = max(right[row], column);
  };
  points.forEach(([fromX, fromY], at) => {
    const [toX, toY] = points[(at + 1) % points.length];
    if (fromY === toY) { // at either end such an edge fills nothing, unless that is the only row
      if (lowest === highest || (fromY > lowest && fromY < highest)) cross(fromY, fromX);
      return;
    }
    const [lowX, lowY, highX, highY] = fromY < toY ? [fromX, fromY, toX, toY] : [toX, toY, fromX, fromY];
    for (let row = lowY; row <= highY; row += 1) {
      cross(row, lowX + floor(((row - lowY) * (highX - lowX)) / (highY - lowY)));
    }
  });
  for (let row = lowest; row <= highest; row += 1) {
    image.fill(level, row * SIDE + left[row], row * SIDE + right[row] + 1);
  }
};

// Paints one image of a stream into `image`, 1024 bytes row by row, and returns its class.
const paint = (seed, stream, index, image) => {
  philox(seed, stream, index, 0, COMPOSITION);
  [rest] = words;
  const two = whole(2), light = whole(2), kinds = [whole(3), whole(3)], background = grey(1 - light);
  [, rest] = words;
  const greys = [grey(light), grey(light)];
  const turns = kinds.map((kind, order) => {
    rest = words[2 + order];
    return [FIRST_TURNS[kind][whole(FIRST_TURNS[kind].length)], LAST_TURNS[whole(254)]];
  });
  philox(seed, stream, index, 0, FIRST);
  const first = place(kinds[0], turns[0]);
  image.fill(background);
  fill(image, first, greys[0]);
  for (let rejections = 0; two && rejections < MOST_REJECTIONS; rejections += 1) {
    philox(seed, stream, index, rejections, SECOND);
    const second = place(kinds[1], turns[1]);
    if (hiddenShare(first, second) > 0.5) continue;
    fill(image, second, greys[1]);
    return CLASS_OF_KINDS[kinds[0]][kinds[1]];
  }
  return CLASS_OF_KINDS[kinds[0]][NO_SHAPE];
};
