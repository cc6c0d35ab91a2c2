// Threads past the last vector copy the bytes that are left over.
extern "C" __global__ void __launch_bounds__(256)
copy(unsigned char* to, const unsigned char* from, unsigned vectors, unsigned rest) {
    struct alignas(16) Vector { unsigned words[4]; };
    const unsigned at = blockIdx.x * 256u + threadIdx.x;
    if (at < vectors) {
        reinterpret_cast<Vector*>(to)[at] = reinterpret_cast<const Vector*>(from)[at];
    } else if (at - vectors < rest) {
        const size_t byte = (size_t)vectors * 16 + (at - vectors);
        to[byte] = from[byte];
    }
}
