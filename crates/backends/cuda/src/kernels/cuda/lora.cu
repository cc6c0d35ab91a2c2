// One block ROWS rows of a group that shares an adapter: first x·A, where a lane has a column of A (or two) and the shares
// of the threads have four neighbours of each 4 · SHARES along the width; then all of it times some columns of B.
constexpr unsigned WIDTH = ${WIDTH}, RANK = ${RANK}, N = ${N};
constexpr int ROWS = ${ROWS}, ACROSS = 256 / ROWS;
constexpr unsigned GROUP = ${GROUP}, TILES = (GROUP + ROWS - 1) / ROWS;
constexpr int ROOM = ${ROOM}, DEPTH = ${DEPTH}, COLUMNS = ${COLUMNS};
constexpr int LANES = ROOM < 32 ? ROOM : 32, EACH = ROOM / LANES, SHARERS = 32 / LANES, SHARES = 8 * SHARERS;
constexpr int SUMS = ROWS * EACH, LEFT = SUMS > SHARERS ? SUMS / SHARERS : 1;
// Numbers of a row of x in shared memory at a time, and where the next row begins: in another bank.
constexpr unsigned CHUNK = 256, LINE = CHUNK + 4;
constexpr unsigned SHARED = LINE > 8 * ROOM ? ROWS * LINE : ROWS * 8 * ROOM;

extern "C" __global__ void __launch_bounds__(256)
lora(${D}* d, const ${X}* __restrict__ x, const ${A}* __restrict__ a, const ${B}* __restrict__ b,
     const int* __restrict__ adapters, ${PARAMETERS}unsigned rows, unsigned adapters_count, unsigned columns) {
    // Rows of x, and later each warp's part of x·A.
    alignas(16) __shared__ float shared[SHARED];
    __shared__ float hidden[ROWS][ROOM];
    const Finish finish{${PASSED}};
    const unsigned group = blockIdx.y / TILES, first = group * GROUP + blockIdx.y % TILES * ROWS;
    const unsigned end = min((group + 1) * GROUP, rows);
    const size_t adapter = nearest(adapters[group], adapters_count);
    a += adapter * ${A_BATCH};
    b += adapter * ${B_BATCH};

    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const unsigned own_column = lane % LANES, share = warp * SHARERS + lane / LANES;
    float sums[SUMS] = {};
#pragma unroll 1
    for (unsigned start = 0; start < WIDTH; start += CHUNK) {
        __syncthreads();
        for (unsigned at = threadIdx.x * DEPTH; at < ROWS * CHUNK; at += 256 * DEPTH) {
            const unsigned row = at / CHUNK, k = at % CHUNK;
            Pack<${X}, DEPTH> items;
#pragma unroll
            for (int step = 0; step < DEPTH; ++step) items.items[step] = Stored<${X}>::of(0.0f);
            if (start + k < WIDTH) items = pack<DEPTH>(x + min(first + row, end - 1) * (size_t)${X_LEADING} + start + k);
#pragma unroll
            for (int step = 0; step < DEPTH; ++step) shared[row * LINE + k + step] = read(items.items[step]);
        }
        __syncthreads();
#pragma unroll 4
        for (unsigned k = share * 4; k < min(CHUNK, WIDTH - start); k += SHARES * 4) {
            float right[4][EACH];
#pragma unroll
            for (unsigned step = 0; step < 4; ++step) {
#pragma unroll
                for (unsigned at = 0; at < EACH; ++at) {
                    const unsigned column = own_column + at * 32, row = start + k + step;
                    const bool is_inside = row < WIDTH && column < RANK;
                    right[step][at] = is_inside ? read(a[row * (size_t)${A_LEADING} + column]) : 0.0f;
                }
            }
#pragma unroll
            for (unsigned row = 0; row < ROWS; ++row) {
                const auto left = pack<4>(static_cast<const float*>(shared) + row * LINE + k);
#pragma unroll
                for (unsigned step = 0; step < 4; ++step) {
#pragma unroll
                    for (unsigned at = 0; at < EACH; ++at) {
                        sums[row * EACH + at] = fmaf(left.items[step], right[step][at], sums[row * EACH + at]);
                    }
                }
            }
        }
    }
    const unsigned own = share_out<SUMS, 16, LANES>(sums);
    __syncthreads();
#pragma unroll
    for (unsigned at = 0; at < LEFT; ++at) {
        const unsigned row = (own + at) / EACH, column = own_column + (own + at) % EACH * 32;
        shared[(warp * ROWS + row) * ROOM + column] = sums[at];
    }
    __syncthreads();
    for (unsigned at = threadIdx.x; at < ROWS * ROOM; at += 256) {
        float sum = 0.0f;
#pragma unroll
        for (unsigned part = 0; part < 8; ++part) sum += shared[part * ROWS * ROOM + at];
        hidden[at / ROOM][at % ROOM] = sum;
    }
    __syncthreads();

    const unsigned row = first + threadIdx.x / ACROSS;
    const unsigned start = blockIdx.x * columns + threadIdx.x % ACROSS * COLUMNS;
    if (row >= end) return;
    for (unsigned column = start; column < min(blockIdx.x * columns + columns, N); column += ACROSS * COLUMNS) {
        float result[COLUMNS] = {};
#pragma unroll 32
        for (unsigned at = 0; at < RANK; ++at) {
            const auto right = pack<COLUMNS>(b + at * (size_t)${B_LEADING} + column);
            const float factor = hidden[threadIdx.x / ACROSS][at];
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
