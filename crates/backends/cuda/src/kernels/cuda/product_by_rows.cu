extern "C" __global__ void __launch_bounds__(256)
product(${D}* d, const ${A}* __restrict__ a, const ${B}* __restrict__ b, ${PARAMETERS}unsigned rows) {
    const Finish finish{${PASSED}};
    const unsigned batch = blockIdx.y, lane = threadIdx.x % LANES;
    const unsigned first = blockIdx.x * LANES * COLUMNS;
    // Past the end a thread repeats the last columns.
    const unsigned column = first + lane * COLUMNS < N ? first + lane * COLUMNS : N - COLUMNS;
    a += batch * (size_t)${A_BATCH};
    b += batch * (size_t)${B_BATCH} + column;
    float sums[SUMS] = {};
#pragma unroll 2
    for (unsigned k = threadIdx.x / LANES * DEPTH; k < K; k += 256 / LANES * DEPTH) {
        Pack<${B}, COLUMNS> right[DEPTH];
#pragma unroll
        for (int step = 0; step < DEPTH; ++step) right[step] = pack<COLUMNS>(b + (k + step) * (size_t)${B_LEADING});
#pragma unroll
        for (int row = 0; row < ROWS; ++row) {
            const auto left = pack<DEPTH>(a + min(unsigned(row), rows - 1) * (size_t)${A_LEADING} + k);
#pragma unroll
            for (int step = 0; step < DEPTH; ++step) {
                const float factor = read(left.items[step]);
#pragma unroll
                for (int at = 0; at < COLUMNS; ++at) {
                    float& sum = sums[row * COLUMNS + at];
                    sum = fmaf(factor, read(right[step].items[at]), sum);
                }
            }
        }
    }
    const unsigned own = share_out<SUMS, 16, LANES>(sums);
    __shared__ float shared[WARPS][LANES][SUMS];
#pragma unroll
    for (int at = 0; at < LEFT; ++at) shared[threadIdx.x / 32][lane][own + at] = sums[at];
    __syncthreads();
    for (unsigned at = threadIdx.x; at < LANES * SUMS; at += 256) {
        const unsigned of_lane = at / COLUMNS % LANES, row = at / COLUMNS / LANES;
        const unsigned result = first + at % (COLUMNS * LANES);
        float sum = 0.0f;
#pragma unroll
        for (int warp = 0; warp < WARPS; ++warp) sum += shared[warp][of_lane][row * COLUMNS + at % COLUMNS];
        if (row < rows && result < N) {
            d[batch * (size_t)${D_BATCH} + row * (size_t)${D_LEADING} + result] =
                Stored<${D}>::of(finish(sum, batch, row, result));
        }
    }
}
