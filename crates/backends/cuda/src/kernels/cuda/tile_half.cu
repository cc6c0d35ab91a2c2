// 16 bits in the tensor cores. Rows of shared memory are such that a warp reads from all banks at once.
typedef ${NUMBER} Number;
typedef unsigned short Kept;
constexpr int LEFT = 64 * 40, RIGHT = ${B_TURNED} ? 64 * 40 : 32 * 72;
__device__ __forceinline__ Kept kept(Number x) { return x.bits; }
struct LeftPlace {
    __device__ __forceinline__ unsigned operator()(unsigned side, unsigned k) const { return side * 40 + k; }
};
struct RightPlace {
    __device__ __forceinline__ unsigned operator()(unsigned side, unsigned k) const {
        return ${B_TURNED} ? side * 40 + k : k * 72 + side;
    }
};
constexpr LeftPlace left_place{};
constexpr RightPlace right_place{};
__device__ __forceinline__ unsigned row_of(int at) {
    return threadIdx.x / 64 * 32 + at / 16 * 16 + threadIdx.x % 32 / 4 + at % 4 / 2 * 8;
}
// Where the columns of B are not dense, a thread takes two neighbours of a row for two tiles.
__device__ __forceinline__ unsigned column_of(int at) {
    const unsigned warp = threadIdx.x / 32 % 2 * 32, tile = at / 4 % 4, c = threadIdx.x % 4;
    return warp + (${B_TURNED} ? tile * 8 + c * 2 + at % 2 : tile / 2 * 16 + c * 4 + at % 2 * 2 + tile % 2);
}
__device__ __forceinline__ void add(float (&sums)[8][4], const Kept* left, const Kept* right) {
    const unsigned g = threadIdx.x % 32 / 4, c = threadIdx.x % 4;
    const unsigned row = threadIdx.x / 64 * 32 + g, column = threadIdx.x / 32 % 2 * 32;
    const auto words = [](const Kept* from) { return *reinterpret_cast<const unsigned*>(from); };
#pragma unroll
    for (unsigned k = 0; k < 32; k += 16) {
        unsigned a[2][4], b[4][2];
#pragma unroll
        for (int tile = 0; tile < 2; ++tile) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                a[tile][i] = words(left + (row + tile * 16 + i % 2 * 8) * 40 + k + i / 2 * 8 + c * 2);
            }
        }
        if (${B_TURNED}) {
#pragma unroll
            for (int tile = 0; tile < 4; ++tile) {
#pragma unroll
                for (int i = 0; i < 2; ++i) b[tile][i] = words(right + (column + tile * 8 + g) * 40 + k + i * 8 + c * 2);
            }
        } else {
#pragma unroll
            for (int pair = 0; pair < 2; ++pair) {
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    const Kept* from = right + (k + i * 8 + c * 2) * 72 + column + pair * 16 + g * 2;
                    const unsigned first = words(from), second = words(from + 72);
                    b[pair * 2][i] = (first & 0xffffu) | second << 16;
                    b[pair * 2 + 1][i] = first >> 16 | (second & 0xffff0000u);
                }
            }
        }
#pragma unroll
        for (int tile = 0; tile < 8; ++tile) multiply(sums[tile], a[tile / 4], b[tile % 4], Number());
    }
}
