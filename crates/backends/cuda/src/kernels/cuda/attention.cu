// One warp a query; in a tile of keys each lane has a key, then each lane has elements of the result.
constexpr unsigned QUERIES = ${QUERIES}, KEYS = ${KEYS}, WIDTH = ${WIDTH}, VALUE_WIDTH = ${VALUE_WIDTH};
constexpr unsigned CHUNK = ${CHUNK}, OWN = (CHUNK + 31) / 32;

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) x = fmaxf(x, from_lane(x, mask));
    return x;
}
__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) x += from_lane(x, mask);
    return x;
}

extern "C" __global__ void __launch_bounds__(128)
attention(${STORED}* to, const ${QUERY}* q, const ${KEY}* k, const ${VALUE}* v, ${PARAMETERS}unsigned rows) {
    const unsigned row = (blockIdx.x * 128u + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    const float infinity = number(0x7f800000u);
    const Score score{${PASSED}};
    const unsigned batch = row / QUERIES, query = row % QUERIES, first = blockIdx.y * CHUNK;
    const ${QUERY}* own_query = q + (${QUERY_PLACE});
    float max = -infinity, sum = 0.0f, all[OWN] = {};
    for (unsigned start = 0; start < KEYS; start += 32) {
        float x = -infinity;
        if (start + lane < KEYS) {
            const unsigned key = start + lane;
            const ${KEY}* own_key = k + (${KEY_PLACE});
            float given[1] = {0.0f}, result[1];
#pragma unroll 8
            for (unsigned at = 0; at < WIDTH; ++at) {
                given[0] = fmaf(read(own_query[at * (size_t)${QUERY_STEP}]), read(own_key[at * (size_t)${KEY_STEP}]), given[0]);
            }
            score(batch, query, key, given, result);
            x = result[0];
        }
        // Of nothing but -infinity the sum stays 0 and the result is NaN.
        const float max_before = max;
        max = fmaxf(max, warp_max(x));
        const float base = max == -infinity ? 0.0f : max;
        const float factor = expf(max_before - base), share = expf(x - base);
        sum = sum * factor + warp_sum(share);
#pragma unroll
        for (unsigned own = 0; own < OWN; ++own) all[own] *= factor;
        for (unsigned other = 0; other < 32 && start + other < KEYS; ++other) {
            const unsigned key = start + other;
            const float factor = of_lane(share, other);
            const ${VALUE}* values = v + (${VALUE_PLACE});
#pragma unroll
            for (unsigned own = 0; own < OWN; ++own) {
                const unsigned at = first + own * 32 + lane;
                if (at < VALUE_WIDTH) all[own] = fmaf(factor, read(values[at * (size_t)${VALUE_STEP}]), all[own]);
            }
        }
    }
    ${STORED}* own = to + (${PLACE});
#pragma unroll
    for (unsigned part = 0; part < OWN; ++part) {
        const unsigned at = part * 32 + lane;
        if (at < CHUNK && first + at < VALUE_WIDTH) {
            own[(first + at) * (size_t)${STEP}] = Stored<${STORED}>::of(all[part] / sum);
        }
    }
}
