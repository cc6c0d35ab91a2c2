// Elements of a tile that a thread brings.
template <int PACK> struct Brought { Pack<Number, PACK> items[16 / PACK]; };

// Puts a tile of 64 × 32 into shared memory. TURNED: its dense axis is not that of the sum.
template <bool TURNED, int PACK, typename Place>
__device__ __forceinline__ void keep(Kept* tile, const Brought<PACK>& brought, Place place) {
    constexpr unsigned LINE = (TURNED ? 64 : 32) / PACK;
#pragma unroll
    for (int item = 0; item < 16 / PACK; ++item) {
        const unsigned number = item * 128 + threadIdx.x, line = number / LINE, first = number % LINE * PACK;
#pragma unroll
        for (int lane = 0; lane < PACK; ++lane) {
            const unsigned side = TURNED ? first + lane : line, k = TURNED ? line : first + lane;
            tile[place(side, k)] = kept(brought.items[item].items[lane]);
        }
    }
}
