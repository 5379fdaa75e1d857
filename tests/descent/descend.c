/* Five updates of one small network by the kernels; prints the outputs, then the weights. */

#include <stdio.h>
#include <stdlib.h>

#include "cpu_kernels.c"

enum { DEPTH = 3, UPDATES = 5 };
static const long UNITS[] = {37, 33, 16, 9}; /* with and without padding */

static float draw(void)
{
    static unsigned state = 1;

    state = state * 1664525u + 1013904223u;
    return (int)state / 2147483648.0f;
}

static float *zeros(long count)
{
    size_t bytes = (count * sizeof(float) + 63) / 64 * 64;

    return memset(aligned_alloc(64, bytes), 0, bytes);
}

int main(void)
{
    struct layer layers[DEPTH + 1] = {0};

    for (int index = 0; index <= DEPTH; index++) {
        struct layer *layer = layers + index, *below = layer - 1;

        layer->units = UNITS[index];
        layer->stride = (layer->units + ROW - 1) / ROW * ROW;
        layer->z = zeros(BATCH * layer->stride);
        layer->slopes = zeros(BATCH * layer->stride);
        layer->gradients = zeros(BATCH * layer->stride);
        layer->by_unit = zeros(BATCH * layer->stride);
        if (index == 0)
            continue;
        layer->weights = zeros(below->stride * layer->stride);
        layer->biases = zeros(layer->stride);
        for (long k = 0; k < below->units; k++)
            for (long u = 0; u < layer->units; u++) layer->weights[k * layer->stride + u] = draw() / 6;
        for (long u = 0; u < layer->units; u++) layer->biases[u] = draw();
    }
    const long examples = UPDATES * BATCH, inputs = UNITS[0], classes = UNITS[DEPTH];
    float *x = zeros(examples * inputs), *y = zeros(examples * classes), *s = zeros(examples * classes);

    for (long i = 0; i < examples * inputs; i++) x[i] = draw();
    for (long i = 0; i < examples; i++) y[i * classes + i % classes] = 1;
    descend(DEPTH, layers, UPDATES, 0.3f / BATCH, x, y, s);
    for (long i = 0; i < examples * classes; i++) printf("%.9g\n", s[i]);
    for (const struct layer *layer = layers + 1; layer <= layers + DEPTH; layer++)
        for (long k = 0; k < layer[-1].units; k++)
            for (long u = 0; u < layer->units; u++) printf("%.9g\n", layer->weights[k * layer->stride + u]);
}
