// Adds up the sums of lanes that differ in bits from LOWEST to MASK, and leaves each with a part of them. The number of
// the first that it is left with.
template <int COUNT, int MASK, int LOWEST, int SUMS>
__device__ __forceinline__ unsigned share_out(float (&sums)[SUMS]) {
    if constexpr (MASK < LOWEST) {
        return 0;
    } else if constexpr (COUNT == 1) {
        sums[0] += from_lane(sums[0], MASK);
        return share_out<1, MASK / 2, LOWEST>(sums);
    } else {
        constexpr int HALF = COUNT / 2;
        const bool is_upper = threadIdx.x & MASK;
#pragma unroll
        for (int at = 0; at < HALF; ++at) {
            const float other = from_lane(is_upper ? sums[at] : sums[at + HALF], MASK);
            sums[at] = (is_upper ? sums[at + HALF] : sums[at]) + other;
        }
        return (is_upper ? HALF : 0) + share_out<HALF, MASK / 2, LOWEST>(sums);
    }
}
