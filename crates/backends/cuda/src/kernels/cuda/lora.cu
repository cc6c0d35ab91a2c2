// One block 16 rows of a group that shares an adapter: first x·A, whose sums over the width the lanes of a warp share
// out, for two rows a warp; then all of it times some columns of B.
constexpr unsigned WIDTH = ${WIDTH}, RANK = ${RANK}, N = ${N};
constexpr unsigned GROUP = ${GROUP}, TILES = (GROUP + 15) / 16;
constexpr int ROOM = ${ROOM}, PART = ${PART}, DEPTH = ${DEPTH}, COLUMNS = ${COLUMNS};
constexpr int SUMS = 2 * ROOM, LEFT = SUMS > 32 ? SUMS / 32 : 1;

extern "C" __global__ void __launch_bounds__(256)
lora(${D}* d, const ${X}* __restrict__ x, const ${A}* __restrict__ a, const ${B}* __restrict__ b,
     const int* __restrict__ adapters, ${PARAMETERS}unsigned rows, unsigned adapters_count, unsigned columns) {
    __shared__ float hidden[16][ROOM];
    const Finish finish{${PASSED}};
    const unsigned group = blockIdx.y / TILES, first = group * GROUP + blockIdx.y % TILES * 16;
    const unsigned end = min((group + 1) * GROUP, rows);
    const size_t adapter = nearest(adapters[group], adapters_count);
    a += adapter * ${A_BATCH};
    b += adapter * ${B_BATCH};

    const unsigned lane = threadIdx.x % 32, pair = threadIdx.x / 32 * 2;
    float sums[SUMS] = {};
#pragma unroll 2
    for (unsigned k = lane * DEPTH; k < WIDTH; k += 32 * DEPTH) {
        Pack<${X}, DEPTH> left[2];
#pragma unroll
        for (int row = 0; row < 2; ++row) {
            left[row] = pack<DEPTH>(x + min(first + pair + row, end - 1) * (size_t)${X_LEADING} + k);
        }
#pragma unroll
        for (int step = 0; step < DEPTH; ++step) {
#pragma unroll
            for (int at = 0; at < int(RANK); at += PART) {
                const auto right = pack<PART>(a + (k + step) * (size_t)${A_LEADING} + at);
#pragma unroll
                for (int lane = 0; lane < PART; ++lane) {
                    const float factor = read(right.items[lane]);
                    sums[at + lane] = fmaf(read(left[0].items[step]), factor, sums[at + lane]);
                    sums[ROOM + at + lane] = fmaf(read(left[1].items[step]), factor, sums[ROOM + at + lane]);
                }
            }
        }
    }
    const unsigned own = share_out<SUMS, 16, 1>(sums);
#pragma unroll
    for (int at = 0; at < LEFT; ++at) hidden[pair + (own + at) / ROOM][(own + at) % ROOM] = sums[at];
    __syncthreads();

    const unsigned row = first + threadIdx.x / 16;
    const unsigned start = blockIdx.x * columns + threadIdx.x % 16 * COLUMNS;
    if (row >= end) return;
    for (unsigned column = start; column < min(blockIdx.x * columns + columns, N); column += 16 * COLUMNS) {
        float result[COLUMNS] = {};
#pragma unroll 8
        for (unsigned at = 0; at < RANK; ++at) {
            const auto right = pack<COLUMNS>(b + at * (size_t)${B_LEADING} + column);
            const float factor = hidden[threadIdx.x / 16][at];
#pragma unroll
            for (int lane = 0; lane < COLUMNS; ++lane) {
                result[lane] = fmaf(factor, read(right.items[lane]), result[lane]);
            }
        }
#pragma unroll
        for (int lane = 0; lane < COLUMNS; ++lane) result[lane] = finish(result[lane], 0, row, column + lane);
        put<COLUMNS>(d + row * (size_t)${D_LEADING} + column, result);
    }
}
