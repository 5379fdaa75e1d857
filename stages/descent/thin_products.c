/* The two products of a mini-batch of BATCH examples with the weights W (below, units) of a layer, all row-major.

   Weights that do not fit a core's own cache take about as long to read as to multiply. Here both overlap: later rows
   are prefetched while the current ones are used. Each weight is used for all examples, whose sums stay in registers. */

#include <immintrin.h>

enum {
    LANES = 16,  /* numbers in a register */
    AHEAD = 16,  /* rows of weights from the current one to the one prefetched, which may lie past the end */
    STEPS = 32,  /* rows of weights added to the sums before these are stored */
    ROWS = 4,    /* rows of weights that the backward product handles together */
    HALF = BATCH / 2,
};

#define UNROLLED _Pragma("GCC unroll 16")
#define INLINED static inline __attribute__((always_inline))

INLINED __mmask16 lanes(long count) { return count >= LANES ? 0xffff : (1 << count) - 1; }

/* s = from + z W for some rows of W and one or two registers of units; `stride` separates the rows of `from`. */
INLINED void up_block(int registers, __mmask16 last, long rows, long below, long units, const float *z,
                      const float *weights, const float *from, long stride, float *s)
{
    __mmask16 mask[2] = {registers == 1 ? last : 0xffff, last};
    __m512 sums[BATCH][2], w[2];

    UNROLLED for (int i = 0; i < BATCH; i++)
        UNROLLED for (int r = 0; r < registers; r++)
            sums[i][r] = _mm512_maskz_loadu_ps(mask[r], from + i * stride + r * LANES);
    for (long k = 0; k < rows; k++, weights += units) {
        UNROLLED for (int r = 0; r < registers; r++) {
            _mm_prefetch(weights + AHEAD * units + r * LANES, _MM_HINT_T1);
            w[r] = _mm512_maskz_loadu_ps(mask[r], weights + r * LANES);
        }
        UNROLLED for (int i = 0; i < BATCH; i++)
            UNROLLED for (int r = 0; r < registers; r++)
                sums[i][r] = _mm512_fmadd_ps(_mm512_set1_ps(z[i * below + k]), w[r], sums[i][r]);
    }
    UNROLLED for (int i = 0; i < BATCH; i++)
        UNROLLED for (int r = 0; r < registers; r++)
            _mm512_mask_storeu_ps(s + i * units + r * LANES, mask[r], sums[i][r]);
}

/* The same for all rows and units; `from` may be s. */
void up(long below, long units, const float *z, const float *weights, const float *from, long stride, float *s)
{
    for (long k = 0; k < below; k += STEPS, weights += STEPS * units, from = s, stride = units) {
        long rows = below - k < STEPS ? below - k : STEPS, u = 0;

        for (; u + LANES < units; u += 2 * LANES)
            up_block(2, lanes(units - u - LANES), rows, below, units, z + k, weights + u, from + u, stride, s + u);
        if (u < units)
            up_block(1, lanes(units - u), rows, below, units, z + k, weights + u, from + u, stride, s + u);
    }
}

/* out = plus + times · gradient Wᵀ for some examples and rows of W. It prefetches every other later row, from `first` on,
   and every other cache line of a row, because a core reads lines in pairs. */
INLINED void down_block(int examples, int rows, int first, long below, long units, const float *gradient,
                        const float *weights, float plus, float times, float *out)
{
    __m512 sums[BATCH - HALF][ROWS], w[ROWS];

    UNROLLED for (int i = 0; i < examples; i++)
        UNROLLED for (int k = 0; k < rows; k++)
            sums[i][k] = _mm512_setzero_ps();
    for (long u = 0; u < units; u += LANES) {
        __mmask16 mask = lanes(units - u);

        if (u % (2 * LANES) == 0) {
            UNROLLED for (int k = first; k < rows; k += 2)
                _mm_prefetch(weights + (AHEAD + k) * units + u, _MM_HINT_T1);
        }
        UNROLLED for (int k = 0; k < rows; k++)
            w[k] = _mm512_maskz_loadu_ps(mask, weights + k * units + u);
        UNROLLED for (int i = 0; i < examples; i++) {
            __m512 g = _mm512_maskz_loadu_ps(mask, gradient + i * units + u);
            UNROLLED for (int k = 0; k < rows; k++)
                sums[i][k] = _mm512_fmadd_ps(g, w[k], sums[i][k]);
        }
    }
    UNROLLED for (int i = 0; i < examples; i++)
        UNROLLED for (int k = 0; k < rows; k++)
            out[i * below + k] = plus + times * _mm512_reduce_add_ps(sums[i][k]);
}

/* The same for all examples, in two halves, because the sums of all do not fit the registers. */
INLINED void down_rows(int rows, long below, long units, const float *gradient, const float *weights, float plus,
                       float times, float *out)
{
    down_block(HALF, rows, 0, below, units, gradient, weights, plus, times, out);
    gradient += HALF * units;
    out += HALF * below;
    down_block(BATCH - HALF, rows, 1, below, units, gradient, weights, plus, times, out);
}

/* The same for all rows. */
void down(long below, long units, const float *gradient, const float *weights, float plus, float times, float *out)
{
    long k = 0;

    for (; k + ROWS <= below; k += ROWS)
        down_rows(ROWS, below, units, gradient, weights + k * units, plus, times, out + k);
    for (; k < below; k++)
        down_rows(1, below, units, gradient, weights + k * units, plus, times, out + k);
}
