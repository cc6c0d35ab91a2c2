// Singles, without tensor cores: a thread has 8 × 4 results.
typedef ${NUMBER} Number;
typedef float Kept;
constexpr int LEFT = 32 * 68, RIGHT = 32 * 68;
__device__ __forceinline__ Kept kept(Number x) { return read(x); }
struct Place {
    __device__ __forceinline__ unsigned operator()(unsigned side, unsigned k) const { return k * 68 + side; }
};
constexpr Place left_place{}, right_place{};
__device__ __forceinline__ unsigned row_of(int at) { return threadIdx.x / 16 * 8 + at / 4; }
__device__ __forceinline__ unsigned column_of(int at) { return threadIdx.x % 16 * 4 + at % 4; }
__device__ __forceinline__ void add(float (&sums)[8][4], const Kept* left, const Kept* right) {
#pragma unroll 8
    for (unsigned k = 0; k < 32; ++k) {
        const auto columns = pack<4>(right + right_place(threadIdx.x % 16 * 4, k));
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const auto rows = pack<4>(left + left_place(threadIdx.x / 16 * 8 + half * 4, k));
#pragma unroll
            for (int row = 0; row < 4; ++row) {
#pragma unroll
                for (int column = 0; column < 4; ++column) {
                    float& sum = sums[half * 4 + row][column];
                    sum = fmaf(rows.items[row], columns.items[column], sum);
                }
            }
        }
    }
}
