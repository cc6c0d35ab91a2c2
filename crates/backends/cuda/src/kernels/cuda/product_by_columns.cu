extern "C" __global__ void __launch_bounds__(256)
product(${D}* d, const ${A}* __restrict__ a, const ${B}* __restrict__ b, ${PARAMETERS}unsigned rows) {
    const Finish finish{${PASSED}};
    const unsigned batch = blockIdx.y, lane = threadIdx.x % 32;
    const unsigned first = (blockIdx.x * WARPS + threadIdx.x / 32) * COLUMNS;
    a += batch * (size_t)${A_BATCH};
    b += batch * (size_t)${B_BATCH};
    float sums[SUMS] = {};
#pragma unroll 4
    for (unsigned k = lane * DEPTH; k < K; k += 32 * DEPTH) {
        Pack<${B}, DEPTH> right[COLUMNS];
#pragma unroll
        for (int at = 0; at < COLUMNS; ++at) {
            right[at] = pack<DEPTH>(b + min(first + at, N - 1) * (size_t)${B_LEADING} + k);
        }
#pragma unroll
        for (int row = 0; row < ROWS; ++row) {
            const auto left = pack<DEPTH>(a + min(unsigned(row), rows - 1) * (size_t)${A_LEADING} + k);
#pragma unroll
            for (int at = 0; at < COLUMNS; ++at) {
                float& sum = sums[row * COLUMNS + at];
#pragma unroll
                for (int step = 0; step < DEPTH; ++step) {
                    sum = fmaf(read(left.items[step]), read(right[at].items[step]), sum);
                }
            }
        }
    }
    const unsigned own = share_out<SUMS, 16, LANES>(sums);
    // Where there are more lanes than sums, several are left with the same one.
    if (SUMS < 32 && lane % (32 / (SUMS < 32 ? SUMS : 32)) != 0) return;
#pragma unroll
    for (int at = 0; at < LEFT; ++at) {
        const unsigned row = (own + at) / COLUMNS, column = first + (own + at) % COLUMNS;
        if (row < rows && column < N) {
            d[batch * (size_t)${D_BATCH} + row * (size_t)${D_LEADING} + column] =
                Stored<${D}>::of(finish(sums[at], batch, row, column));
        }
    }
}
