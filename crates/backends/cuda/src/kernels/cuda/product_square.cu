// One block 8 × 8 results, 64 of each sum at a time; a quarter of the threads has a quarter of each sum.
constexpr unsigned N = ${N}, K = ${K};
constexpr bool A_TURNED = ${A_TURNED}, B_TURNED = ${B_TURNED};
constexpr int A_PACK = ${A_PACK}, B_PACK = ${B_PACK};
// Where a row of the left matrix begins: so that rows lie in different banks.
constexpr unsigned ROW = 68;

// Loads 8 sides, which are rows of A or columns of B, of 64 numbers, zeros where there are none. TURNED are those whose
// neighbouring sides lie together. PLACE says where a number is kept.
template <bool TURNED, int PACK, typename Number, typename Place>
__device__ __forceinline__ void bring(
    const Number* from, size_t leading, unsigned first, unsigned end, unsigned start, const Place& place) {
    constexpr unsigned LINE = (TURNED ? 8 : 64) / PACK;
#pragma unroll
    for (int item = 0; item < 2 / PACK; ++item) {
        const unsigned number = item * 256 + threadIdx.x, line = number / LINE, along = number % LINE * PACK;
        const unsigned side = TURNED ? along : line, k = TURNED ? line : along;
        Pack<Number, PACK> items;
#pragma unroll
        for (int lane = 0; lane < PACK; ++lane) items.items[lane] = Stored<Number>::of(0.0f);
        if (start + k < K && first + side < end) {
            const size_t far = TURNED ? start + k : first + side, near = TURNED ? first + side : start + k;
            items = pack<PACK>(from + far * leading + near);
        }
#pragma unroll
        for (int lane = 0; lane < PACK; ++lane) {
            place(side + (TURNED ? lane : 0), k + (TURNED ? 0 : lane)) = read(items.items[lane]);
        }
    }
}

struct Left {
    float* kept;
    __device__ __forceinline__ float& operator()(unsigned side, unsigned k) const { return kept[side * ROW + k]; }
};

struct Right {
    float* kept;
    __device__ __forceinline__ float& operator()(unsigned side, unsigned k) const { return kept[k * 8 + side]; }
};

extern "C" __global__ void __launch_bounds__(256)
product(${D}* d, const ${A}* __restrict__ a, const ${B}* __restrict__ b, ${PARAMETERS}unsigned rows) {
    alignas(16) __shared__ float left[8 * ROW];
    alignas(16) __shared__ float right[64 * 8];
    __shared__ float parts[256];
    const Finish finish{${PASSED}};
    const unsigned batch = blockIdx.z, first_row = blockIdx.y * 8, first_column = blockIdx.x * 8;
    a += batch * (size_t)${A_BATCH};
    b += batch * (size_t)${B_BATCH};
    const unsigned quarter = threadIdx.x / 64 * 16, row = threadIdx.x / 8 % 8, column = threadIdx.x % 8;
    float sum = 0.0f;
#pragma unroll 1
    for (unsigned start = 0; start < K; start += 64) {
        bring<A_TURNED, A_PACK>(a, ${A_LEADING}, first_row, rows, start, Left{left});
        bring<!B_TURNED, B_PACK>(b, ${B_LEADING}, first_column, N, start, Right{right});
        __syncthreads();
#pragma unroll
        for (unsigned k = quarter; k < quarter + 16; k += 4) {
            const auto factors = pack<4>(static_cast<const float*>(left) + row * ROW + k);
#pragma unroll
            for (unsigned step = 0; step < 4; ++step) {
                sum = fmaf(factors.items[step], right[(k + step) * 8 + column], sum);
            }
        }
        __syncthreads();
    }
    parts[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x < 64 && first_row + row < rows && first_column + column < N) {
        const float all = parts[threadIdx.x] + parts[threadIdx.x + 64] + parts[threadIdx.x + 128] + parts[threadIdx.x + 192];
        d[batch * (size_t)${D_BATCH} + (first_row + row) * (size_t)${D_LEADING} + first_column + column] =
            Stored<${D}>::of(finish(all, batch, first_row + row, first_column + column));
    }
}
