/* Gradient descent on mini-batches of BATCH examples, on one core of a CPU: `descend` and, for pre-training,
   `reconstruct`.

   Going up, a layer's weights are read once. Going down they are read once more, a few rows at a time: these rows send the
   gradient down as they are, and are then corrected while they are still in the core's first cache.

   Matrices are row-major with rows of `stride` numbers, a multiple of ROW; weights have a multiple of ROW rows. Numbers past
   `units` are 0 and stay 0, but for the decoder's, which nothing reads. Values that are used one by one stand by unit:
   (stride, BATCH), all examples of a unit together.

   The compiler's command line defines BATCH, EPSILON and NEWEST of batch normalization and, as expressions, the model's
   ACTIVATION(s), its SLOPE(s, z) and COST_GRADIENT(p, y, along). GCC's vector extensions, which Clang has too, suit every
   processor. */

#include <math.h>
#include <string.h>

enum { ROW = 16 };
/* Vectors of LANES numbers, and what fits the registers: tiles of examples × vectors going up, of examples × rows going
   down, and of rows × vectors when weights are corrected. DOWN_EXAMPLES × DOWN_ROWS is a multiple of LANES. */
#if defined __AVX512F__
enum { LANES = 16, UP_EXAMPLES = 12, UP_VECTORS = 2, DOWN_EXAMPLES = 2, DOWN_ROWS = 8, NEW_ROWS = 4, NEW_VECTORS = 4 };
#elif defined __AVX2__
enum { LANES = 8, UP_EXAMPLES = 6, UP_VECTORS = 2, DOWN_EXAMPLES = 2, DOWN_ROWS = 4, NEW_ROWS = 4, NEW_VECTORS = 2 };
#elif defined __aarch64__
enum { LANES = 4, UP_EXAMPLES = 10, UP_VECTORS = 2, DOWN_EXAMPLES = 4, DOWN_ROWS = 4, NEW_ROWS = 4, NEW_VECTORS = 4 };
#else
enum { LANES = 4, UP_EXAMPLES = 6, UP_VECTORS = 2, DOWN_EXAMPLES = 2, DOWN_ROWS = 4, NEW_ROWS = 4, NEW_VECTORS = 2 };
#endif
enum {
    UP_GROUPS = (BATCH + UP_EXAMPLES - 1) / UP_EXAMPLES, /* of examples, of about equal size */
    UP_GROUP = (BATCH + UP_GROUPS - 1) / UP_GROUPS,
    STEPS = 16, /* rows of weights that are added to the sums before these are stored */
    AHEAD = 16, /* rows from the current one to the one that is prefetched, which may lie past the end */
};

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef int whole __attribute__((vector_size(4 * LANES)));
#define INLINED static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 16")
#define FOR(index, count) UNROLLED for (int index = 0; index < (count); index++)

INLINED vector load(const float *from) { return *(const vector *)from; }
INLINED void store(float *to, vector values) { *(vector *)to = values; }

/* A layer of one network. Layer 0 is the input, which only has units, stride and by_unit. */
struct layer {
    long units, stride;
    float *weights, *biases;             /* (stride of the layer below, stride), (stride); biases may be NULL */
    float *weight_rates, *bias_rates;    /* of the same shapes: learning rates of single parameters; or NULL */
    float *scale, *shift, *mean, *variance; /* (stride): batch normalization, see NormalizedLayer; or NULL */
    float *precision, *normalized;       /* (stride), (BATCH, stride): see Passed */
    float *z, *slopes, *gradients;       /* (BATCH, stride): z or, of the output, s; f'(s); the gradient with respect to s */
    float *by_unit;                      /* (stride, BATCH): z */
};

/* Elementary functions. A comparison with NaN is false, so `choose` has to keep NaN in that case. */

INLINED vector choose(whole where, vector yes, vector no) { return (vector)(((whole)yes & where) | ((whole)no & ~where)); }
INLINED vector constant(float value) { return value - (vector){0}; }
INLINED vector at_least(float low, vector x) { return choose(x < low, constant(low), x); }
INLINED vector at_most(float high, vector x) { return choose(x > high, constant(high), x); }
INLINED vector size_of(vector x) { return choose(x < 0.0f, -x, x); }

/* e^x − 1 to about 2·10⁻⁷, relative to itself: 2^n·(e^r − 1) + (2^n − 1) with x = n·ln 2 + r, and the Taylor series of e^r */
INLINED vector exp_less_1(vector x)
{
    const float round = 0x1.8p23f, high = 0x1.62ep-1f, low = 0x1.0bfbe8p-15f; /* high + low = ln 2 */

    x = at_least(-87.0f, at_most(88.0f, x));
    vector n = (x * 1.44269504f + round) - round, r = (x - n * high) - n * low;
    vector sum = r * (1.0f / 5040) + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 1.0f / 2;
    sum = sum * (r * r) + r;
    vector power = (vector)((__builtin_convertvector(n, whole) + 127) << 23);
    return sum * power + (power - 1.0f);
}

INLINED vector exp_of(vector x) { return exp_less_1(x) + 1.0f; }
INLINED vector sigmoid_of(vector x) { return 1.0f / (exp_less_1(-x) + 2.0f); }

INLINED vector tanh_of(vector x)
{
    vector twice = exp_less_1(at_least(-20.0f, at_most(20.0f, x)) * 2.0f);
    return twice / (twice + 2.0f);
}

/* A function of the C library, number by number. */
INLINED vector each(float function(float), vector x)
{
    FOR (lane, LANES) x[lane] = function(x[lane]);
    return x;
}

/* The normal distribution function. */
INLINED vector normal_of(vector x) { return 0.5f + 0.5f * each(erff, x * 0.70710678f); }

/* Matrix products. */

/* sums += z W for some examples, rows of W and one or more vectors of units. */
INLINED void up_tile(int examples, int vectors, long rows, const float *by_unit, const float *weights, long stride, float *s)
{
    vector sums[UP_EXAMPLES][UP_VECTORS], w[UP_VECTORS];

    FOR (i, examples) FOR (v, vectors) sums[i][v] = load(s + i * stride + v * LANES);
    for (long k = 0; k < rows; k++, by_unit += BATCH, weights += stride) {
        FOR (v, vectors) {
            __builtin_prefetch(weights + AHEAD * stride + v * LANES, 0, 2);
            w[v] = load(weights + v * LANES);
        }
        FOR (i, examples) FOR (v, vectors) sums[i][v] += by_unit[i] * w[v];
    }
    FOR (i, examples) FOR (v, vectors) store(s + i * stride + v * LANES, sums[i][v]);
}

/* The same for all examples. */
INLINED void up_examples(int vectors, long rows, const float *by_unit, const float *weights, long stride, float *s)
{
    int i = 0;

    for (; i + UP_GROUP <= BATCH; i += UP_GROUP)
        up_tile(UP_GROUP, vectors, rows, by_unit + i, weights, stride, s + i * stride);
    if (i < BATCH)
        up_tile(BATCH % UP_GROUP, vectors, rows, by_unit + i, weights, stride, s + i * stride);
}

/* s = z W + b */
static void up(long below, const struct layer *layer, const float *by_unit, float *s)
{
    const long stride = layer->stride;

    FOR (i, BATCH) {
        if (layer->biases)
            memcpy(s + i * stride, layer->biases, stride * sizeof(float));
        else
            memset(s + i * stride, 0, stride * sizeof(float));
    }
    for (long k = 0; k < below; k += STEPS) {
        const float *z = by_unit + k * BATCH, *weights = layer->weights + k * stride;
        long rows = below - k < STEPS ? below - k : STEPS, u = 0;

        for (; u + UP_VECTORS * LANES <= stride; u += UP_VECTORS * LANES)
            up_examples(UP_VECTORS, rows, z, weights + u, stride, s + u);
        for (; u < stride; u += LANES)
            up_examples(1, rows, z, weights + u, stride, s + u);
    }
}

/* The sums of neighbouring numbers of `a`, then of `b`. */
INLINED vector pairs(vector a, vector b)
{
#if defined __clang__ || __GNUC__ >= 12
#define PICK(...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define PICK(...) __builtin_shuffle(a, b, (whole){__VA_ARGS__})
#endif
#if defined __AVX512F__
    return PICK(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
        + PICK(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif defined __AVX2__
    return PICK(0, 2, 4, 6, 8, 10, 12, 14) + PICK(1, 3, 5, 7, 9, 11, 13, 15);
#else
    return PICK(0, 2, 4, 6) + PICK(1, 3, 5, 7);
#endif
}

/* out (examples, below) = g Wᵀ for some examples and rows of W */
INLINED void down_tile(int examples, const float *g, const float *weights, long stride, float *out, long below)
{
    vector sums[DOWN_EXAMPLES * DOWN_ROWS];
    float totals[DOWN_EXAMPLES * DOWN_ROWS] __attribute__((aligned(4 * LANES)));

    FOR (j, DOWN_EXAMPLES * DOWN_ROWS) sums[j] = constant(0);
    for (long u = 0; u < stride; u += LANES) {
        vector of_examples[DOWN_EXAMPLES];

        FOR (i, examples) of_examples[i] = load(g + i * stride + u);
        FOR (row, DOWN_ROWS) {
            vector w = load(weights + row * stride + u);
            FOR (i, examples) sums[i * DOWN_ROWS + row] += of_examples[i] * w;
        }
    }
    UNROLLED for (int first = 0; first < DOWN_EXAMPLES * DOWN_ROWS; first += LANES) {
        vector *sum = sums + first; /* LANES vectors, which become one vector of their totals */

        UNROLLED for (int half = LANES / 2; half; half /= 2)
            FOR (j, half) sum[j] = pairs(sum[2 * j], sum[2 * j + 1]);
        store(totals + first, sum[0]);
    }
    FOR (i, examples) FOR (row, DOWN_ROWS) out[i * below + row] = totals[i * DOWN_ROWS + row];
}

/* The same for all examples. */
INLINED void down_rows(const float *g, const float *weights, long stride, float *out, long below)
{
    int i = 0;

    for (; i + DOWN_EXAMPLES <= BATCH; i += DOWN_EXAMPLES)
        down_tile(DOWN_EXAMPLES, g + i * stride, weights, stride, out + i * below, below);
    if (i < BATCH)
        down_tile(BATCH % DOWN_EXAMPLES, g + i * stride, weights, stride, out + i * below, below);
}

/* weights −= rates · zᵀ g, with rates of 1 if there are none, for some rows and one or more vectors of units */
INLINED void correct_tile(int vectors, const float *by_unit, const float *g, long stride, float *weights, const float *rates)
{
    vector sums[NEW_ROWS][NEW_VECTORS], of_units[NEW_VECTORS];

    FOR (row, NEW_ROWS) FOR (v, vectors) sums[row][v] = rates ? constant(0) : load(weights + row * stride + v * LANES);
    FOR (i, BATCH) {
        FOR (v, vectors) of_units[v] = load(g + i * stride + v * LANES);
        FOR (row, NEW_ROWS) FOR (v, vectors) sums[row][v] -= by_unit[row * BATCH + i] * of_units[v];
    }
    FOR (row, NEW_ROWS) FOR (v, vectors) {
        long at = row * stride + v * LANES;
        store(weights + at, rates ? load(weights + at) + load(rates + at) * sums[row][v] : sums[row][v]);
    }
}

/* The same for all units. */
INLINED void correct_rows(const float *by_unit, const float *g, long stride, float *weights, const float *rates)
{
    long u = 0;

    for (; u + NEW_VECTORS * LANES <= stride; u += NEW_VECTORS * LANES)
        correct_tile(NEW_VECTORS, by_unit, g + u, stride, weights + u, rates ? rates + u : NULL);
    for (; u < stride; u += LANES)
        correct_tile(1, by_unit, g + u, stride, weights + u, rates ? rates + u : NULL);
}

/* The same for rows `k` to `k` + `rows` of the layer's weights, a multiple of NEW_ROWS. */
static void correct(const struct layer *layer, long k, long rows, const float *by_unit, const float *g)
{
    for (const long end = k + rows; k < end; k += NEW_ROWS) {
        const float *z = by_unit + k * BATCH;
        long at = k * layer->stride;

        if (layer->weight_rates)
            correct_rows(z, g, layer->stride, layer->weights + at, layer->weight_rates + at);
        else
            correct_rows(z, g, layer->stride, layer->weights + at, NULL);
    }
}

/* biases −= rates · Σ g */
static void correct_biases(const struct layer *layer)
{
    for (long u = 0; layer->biases && u < layer->stride; u += LANES) {
        vector sum = constant(0);

        FOR (i, BATCH) sum += load(layer->gradients + i * layer->stride + u);
        if (layer->bias_rates)
            sum *= load(layer->bias_rates + u);
        store(layer->biases + u, load(layer->biases + u) - sum);
    }
}

/* by_unit (units, BATCH) = valuesᵀ */
static void transpose(long units, long stride, const float *values, float *by_unit)
{
    for (long u = 0; u < units; u++) FOR (i, BATCH) by_unit[u * BATCH + i] = values[i * stride + u];
}

/* Layers. */

/* Normalize the pre-activations `s` of LANES units over the mini-batch, scale and shift them; update the averages. */
INLINED void normalize(const struct layer *layer, long u, vector s[BATCH])
{
    const float many = BATCH / (BATCH - 1.0f); /* for the unbiased variance; one example has none */
    vector mean = constant(0), variance = constant(0), precision, old_mean = load(layer->mean + u);
    vector old_variance = load(layer->variance + u), scale = load(layer->scale + u), shift = load(layer->shift + u);

    FOR (i, BATCH) mean += s[i];
    mean /= (float)BATCH;
    FOR (i, BATCH) variance += (s[i] - mean) * (s[i] - mean);
    variance /= (float)BATCH;
    precision = 1.0f / each(sqrtf, variance + EPSILON);
    store(layer->precision + u, precision);
    store(layer->mean + u, old_mean + NEWEST * (mean - old_mean));
    store(layer->variance + u, old_variance + NEWEST * (variance * many - old_variance));
    FOR (i, BATCH) {
        vector normalized = (s[i] - mean) * precision;
        store(layer->normalized + i * layer->stride + u, normalized);
        s[i] = shift + normalized * scale;
    }
}

/* Turn the gradients with respect to the scaled and shifted values into those with respect to s; update scale and shift. */
static void denormalize(const struct layer *layer)
{
    for (long u = 0; u < layer->stride; u += LANES) {
        vector shift = constant(0), scale = constant(0), old_scale = load(layer->scale + u);
        vector factor = old_scale * load(layer->precision + u);
        float *gradients = layer->gradients + u, *normalized = layer->normalized + u;

        FOR (i, BATCH) {
            vector gradient = load(gradients + i * layer->stride);
            shift += gradient;
            scale += gradient * load(normalized + i * layer->stride);
        }
        /* mean and variance depend on s too, which cancels the gradient's components along 1 and the normalized values */
        FOR (i, BATCH) {
            vector along = (shift + scale * load(normalized + i * layer->stride)) / (float)BATCH;
            store(gradients + i * layer->stride, (load(gradients + i * layer->stride) - along) * factor);
        }
        store(layer->scale + u, old_scale - scale);
        store(layer->shift + u, load(layer->shift + u) - shift);
    }
}

/* Turn s, which stands in the layer's z, into z, and keep the slopes. */
static void activate(const struct layer *layer)
{
    for (long u = 0; u < layer->stride; u += LANES) {
        vector s[BATCH];

        FOR (i, BATCH) s[i] = load(layer->z + i * layer->stride + u);
        if (layer->scale)
            normalize(layer, u, s);
        for (int i = 0; i < BATCH; i++) {
            vector z = ACTIVATION(s[i]);
            store(layer->z + i * layer->stride + u, z);
            store(layer->slopes + i * layer->stride + u, SLOPE(s[i], z));
        }
    }
    FOR (i, BATCH) memset(layer->z + i * layer->stride + layer->units, 0, (layer->stride - layer->units) * sizeof(float));
    transpose(layer->units, layer->stride, layer->z, layer->by_unit);
}

/* gradients *= slopes */
static void times_slopes(const struct layer *layer)
{
    for (long at = 0; at < BATCH * layer->stride; at += LANES)
        store(layer->gradients + at, load(layer->gradients + at) * load(layer->slopes + at));
}

/* Fill the output's gradients with rate · ∂Cost/∂s of a mini-batch. */
static void differ(const struct layer *output, float rate, const float *targets)
{
    for (int i = 0; i < BATCH; i++, targets += output->units) {
        const float *s = output->z + i * output->stride;
        float *p = output->gradients + i * output->stride, highest = s[0], sum = 0, along = 0;

        for (long c = 1; c < output->units; c++) highest = s[c] > highest ? s[c] : highest;
        for (long c = 0; c < output->units; c++) sum += p[c] = expf(s[c] - highest);
        for (long c = 0; c < output->units; c++) {
            p[c] /= sum;
            along += (p[c] - targets[c]) * p[c];
        }
        for (long c = 0; c < output->units; c++) p[c] = rate * (COST_GRADIENT(p[c], targets[c], along));
    }
}

/* Do one update for each mini-batch of `inputs` (updates·BATCH, inputs) and one-hot `targets` (updates·BATCH, classes);
   fill `outputs` (updates·BATCH, classes) with the output's s. `layers` are `depth` + 1, the input included. `rate`
   multiplies the gradient summed over the mini-batch. */
void descend(long depth, const struct layer *layers, long updates, float rate, const float *inputs, const float *targets,
             float *outputs)
{
    const struct layer *output = layers + depth;

    for (long update = 0; update < updates; update++) {
        transpose(layers->units, layers->units, inputs, layers->by_unit);
        for (const struct layer *layer = layers + 1; layer <= output; layer++) {
            up(layer[-1].units, layer, layer[-1].by_unit, layer->z);
            if (layer < output)
                activate(layer);
        }
        FOR (i, BATCH) memcpy(outputs + i * output->units, output->z + i * output->stride, output->units * sizeof(float));
        differ(output, rate, targets);
        for (const struct layer *layer = output; layer > layers; layer--) {
            const struct layer *below = layer - 1;

            if (layer < output) {
                times_slopes(layer);
                if (layer->scale)
                    denormalize(layer);
            }
            for (long k = 0; k < below->stride; k += DOWN_ROWS) {
                if (below > layers)
                    down_rows(layer->gradients, layer->weights + k * layer->stride, layer->stride, below->gradients + k,
                              below->stride);
                correct(layer, k, DOWN_ROWS, below->by_unit, layer->gradients);
            }
            correct_biases(layer);
        }
        inputs += BATCH * layers->units;
        targets += BATCH * output->units;
        outputs += BATCH * output->units;
    }
}

/* The gradient of the reconstruction's cost for a and clean x, by the decoder's place in DECODERS of pretraining.py. */
INLINED vector reconstruction_gradient(long decoder, vector a, vector x)
{
    switch (decoder) {
    case 0: return sigmoid_of(a) - x;
    case 1: return tanh_of(a) - x;
    case 2: return (a / (1.0f + size_of(a)) - x) / (1.0f + 2.0f * size_of(a));
    default: return a - x;
    }
}

/* Train `layer` as a denoising auto-encoder, one update for each mini-batch of `corrupted` and `clean`, both
   (updates·BATCH, units below). `below` needs by_unit; `decoded`, as wide, by_unit, gradients and the decoder's biases. */
void reconstruct(const struct layer *below, const struct layer *layer, const struct layer *decoded, long decoder,
                 long updates, float rate, const float *corrupted, const float *clean)
{
    const long units = below->units, stride = layer->stride;

    for (long update = 0; update < updates; update++) {
        transpose(units, units, corrupted, below->by_unit);
        up(units, layer, below->by_unit, layer->z);
        activate(layer);
        for (long k = 0; k < below->stride; k += DOWN_ROWS)
            down_rows(layer->z, layer->weights + k * stride, stride, decoded->gradients + k, decoded->stride);
        for (int i = 0; i < BATCH; i++, clean += units)
            for (long k = 0; k < units; k += LANES) {
                float *r = decoded->gradients + i * decoded->stride + k;
                vector x = constant(0);

                memcpy(&x, clean + k, (units - k < LANES ? units - k : LANES) * sizeof(float));
                store(r, rate * reconstruction_gradient(decoder, load(r) + load(decoded->biases + k), x));
            }
        transpose(units, decoded->stride, decoded->gradients, decoded->by_unit);
        struct layer unbiased = *layer;
        unbiased.biases = NULL;
        up(units, &unbiased, decoded->by_unit, layer->gradients);
        times_slopes(layer);
        correct(layer, 0, below->stride, below->by_unit, layer->gradients);
        correct(layer, 0, below->stride, decoded->by_unit, layer->z);
        correct_biases(layer);
        correct_biases(decoded);
        corrupted += BATCH * units;
    }
}
