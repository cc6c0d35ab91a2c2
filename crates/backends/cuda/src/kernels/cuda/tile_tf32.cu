// Singles rounded to tf32 in the tensor cores. Rows of shared memory are such that a warp reads from all banks at once.
typedef ${NUMBER} Number;
typedef float Kept;
constexpr int LEFT = 64 * 36, RIGHT = ${B_TURNED} ? 64 * 36 : 32 * 72;
__device__ __forceinline__ Kept kept(float x) { return to_tf32(x); }
struct LeftPlace {
    __device__ __forceinline__ unsigned operator()(unsigned side, unsigned k) const { return side * 36 + k; }
};
struct RightPlace {
    __device__ __forceinline__ unsigned operator()(unsigned side, unsigned k) const {
        return ${B_TURNED} ? side * 36 + k : k * 72 + side;
    }
};
constexpr LeftPlace left_place{};
constexpr RightPlace right_place{};
__device__ __forceinline__ unsigned row_of(int at) {
    return threadIdx.x / 64 * 32 + at / 16 * 16 + threadIdx.x % 32 / 4 + at % 4 / 2 * 8;
}
__device__ __forceinline__ unsigned column_of(int at) {
    return threadIdx.x / 32 % 2 * 32 + at / 4 % 4 * 8 + threadIdx.x % 4 * 2 + at % 2;
}
__device__ __forceinline__ void add(float (&sums)[8][4], const Kept* left, const Kept* right) {
    const unsigned g = threadIdx.x % 32 / 4, c = threadIdx.x % 4;
    const unsigned row = threadIdx.x / 64 * 32 + g, column = threadIdx.x / 32 % 2 * 32 + g;
#pragma unroll
    for (unsigned k = 0; k < 32; k += 8) {
        float a[2][4], b[4][2];
#pragma unroll
        for (int tile = 0; tile < 2; ++tile) {
#pragma unroll
            for (int i = 0; i < 4; ++i) a[tile][i] = left[left_place(row + tile * 16 + i % 2 * 8, k + i / 2 * 4 + c)];
        }
#pragma unroll
        for (int tile = 0; tile < 4; ++tile) {
#pragma unroll
            for (int i = 0; i < 2; ++i) b[tile][i] = right[right_place(column + tile * 8, k + i * 4 + c)];
        }
#pragma unroll
        for (int tile = 0; tile < 8; ++tile) multiply(sums[tile], a[tile / 4], b[tile % 4]);
    }
}
