// One block 64 × 64 results, 32 of each sum at a time: the next 32 are on their way from memory meanwhile. Four warps
// have 32 × 32 each.
constexpr unsigned N = ${N}, K = ${K};
constexpr bool A_TURNED = ${A_TURNED}, B_TURNED = ${B_TURNED};
constexpr int A_PACK = ${A_PACK}, B_PACK = ${B_PACK};

// Loads a tile of 64 × 32, zeros where there is none.
template <bool TURNED, int PACK>
__device__ __forceinline__ void bring(
    Brought<PACK>& brought, const Number* from, size_t leading, unsigned first, unsigned end, unsigned start) {
    constexpr unsigned LINE = (TURNED ? 64 : 32) / PACK;
#pragma unroll
    for (int item = 0; item < 16 / PACK; ++item) {
        const unsigned number = item * 128 + threadIdx.x, line = number / LINE, place = number % LINE * PACK;
        const unsigned side = first + (TURNED ? place : line), k = start + (TURNED ? line : place);
        const bool is_inside = k < K && side < end;
        if (is_inside) {
            brought.items[item] = pack<PACK>(from + (TURNED ? k * leading + side : side * leading + k));
        } else {
#pragma unroll
            for (int lane = 0; lane < PACK; ++lane) brought.items[item].items[lane] = Stored<Number>::of(0.0f);
        }
    }
}

extern "C" __global__ void __launch_bounds__(128)
product(${D}* d, const Number* __restrict__ a, const Number* __restrict__ b, ${PARAMETERS}unsigned rows) {
    alignas(16) __shared__ Kept left[LEFT];
    alignas(16) __shared__ Kept right[RIGHT];
    const Finish finish{${PASSED}};
    const unsigned batch = blockIdx.z, first_row = blockIdx.y * 64, first_column = blockIdx.x * 64;
    a += batch * (size_t)${A_BATCH};
    b += batch * (size_t)${B_BATCH};
    float sums[8][4] = {};
    Brought<A_PACK> next_left;
    Brought<B_PACK> next_right;
    bring<A_TURNED>(next_left, a, ${A_LEADING}, first_row, rows, 0);
    bring<!B_TURNED>(next_right, b, ${B_LEADING}, first_column, N, 0);
#pragma unroll 1
    for (unsigned start = 0; start < K; start += 32) {
        keep<A_TURNED>(left, next_left, left_place);
        keep<!B_TURNED>(right, next_right, right_place);
        __syncthreads();
        if (start + 32 < K) {
            bring<A_TURNED>(next_left, a, ${A_LEADING}, first_row, rows, start + 32);
            bring<!B_TURNED>(next_right, b, ${B_LEADING}, first_column, N, start + 32);
        }
        add(sums, left, right);
        __syncthreads();
    }
#pragma unroll
    for (int at = 0; at < 32; ++at) {
        const unsigned row = first_row + row_of(at), column = first_column + column_of(at);
        if (row < rows && column < N) {
            d[batch * (size_t)${D_BATCH} + row * (size_t)${D_LEADING} + column] =
                Stored<${D}>::of(finish(sums[at / 4][at % 4], batch, row, column));
        }
    }
}
