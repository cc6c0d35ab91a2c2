// CUDA's threads as fibers, so that kernels run where there is no GPU: the blocks one after the other, the threads of a
// block in turns, from one exchange to the next.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __device__
#define __global__ static
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)

namespace host {
struct Index { unsigned x, y, z; };
struct Fiber {
    ucontext_t context;
    std::vector<char> stack;
    Index index;
    bool is_done = false;
};
static Index block_index, thread_index;
static std::vector<Fiber> fibers;
static size_t current;
static ucontext_t scheduler;
static void (*body)(void*);
static void* body_arguments;
// What each thread hands to the others of its warp.
static std::vector<uint64_t> handed;

static void yield() {
    const size_t own = current;
    swapcontext(&fibers[own].context, &scheduler);
}
static void enter() {
    body(body_arguments);
    fibers[current].is_done = true;
    swapcontext(&fibers[current].context, &scheduler);
}
// Every thread of the block gets here before one goes on: turns are taken in order, and all exchange alike.
static void exchange() { yield(); }
template <typename T> static T from(T x, unsigned lane) {
    static_assert(sizeof(T) <= 8, "a word");
    std::memcpy(&handed[current], &x, sizeof(T));
    exchange();
    T other;
    std::memcpy(&other, &handed[current / 32 * 32 + lane], sizeof(T));
    exchange();
    return other;
}
static void block(unsigned count, Index size) {
    if (fibers.size() != count) {
        fibers.clear();
        fibers.resize(count);
        handed.assign((count + 31) / 32 * 32, 0);
    }
    for (size_t number = 0; number < count; ++number) {
        Fiber& fiber = fibers[number];
        fiber.stack.resize(128 << 10);
        fiber.is_done = false;
        fiber.index = {unsigned(number % size.x), unsigned(number / size.x % size.y), unsigned(number / size.x / size.y)};
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.data();
        fiber.context.uc_stack.ss_size = fiber.stack.size();
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, enter, 0);
    }
    for (bool is_open = true; is_open;) {
        is_open = false;
        for (current = 0; current < count; ++current) {
            if (fibers[current].is_done) continue;
            is_open = true;
            thread_index = fibers[current].index;
            swapcontext(&scheduler, &fibers[current].context);
        }
    }
}
template <typename... P, size_t... I>
static void apply(void (*kernel)(P...), void** arguments, std::index_sequence<I...>) {
    kernel(*static_cast<std::decay_t<P>*>(arguments[I])...);
}
// As cuLaunchKernel does: the address of each parameter.
template <typename... P> static void launch(void (*kernel)(P...), const unsigned* sizes, void** arguments) {
    static void (*called)(P...);
    called = kernel;
    body = [](void* arguments) {
        apply(called, static_cast<void**>(arguments), std::make_index_sequence<sizeof...(P)>());
    };
    body_arguments = arguments;
    for (block_index.z = 0; block_index.z < sizes[2]; ++block_index.z)
        for (block_index.y = 0; block_index.y < sizes[1]; ++block_index.y)
            for (block_index.x = 0; block_index.x < sizes[0]; ++block_index.x)
                block(sizes[3] * sizes[4] * sizes[5], {sizes[3], sizes[4], sizes[5]});
}
}  // namespace host

#define blockIdx host::block_index
#define threadIdx host::thread_index

static void __syncthreads() { host::exchange(); }
static void __syncwarp() { host::exchange(); }
static float from_lane(float x, int mask) { return host::from(x, host::current % 32 ^ mask); }
static float of_lane(float x, int lane) { return host::from(x, lane); }
static unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static float __uint_as_float(unsigned bits) { float x; std::memcpy(&x, &bits, 4); return x; }
static unsigned __float_as_uint(float x) { unsigned bits; std::memcpy(&bits, &x, 4); return bits; }
static float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
static float fast_exp2(float x) { return std::exp2(x); }
static float fast_recip(float x) { return 1.0f / x; }

static float f16_to_float(unsigned short bits) {
    const unsigned sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
    if (exponent == 31) return __uint_as_float(sign | 0x7f800000u | mantissa << 13);
    const float size = exponent == 0 ? std::ldexp(float(mantissa), -24)
                                     : std::ldexp(float(mantissa | 0x400), int(exponent) - 25);
    return sign ? -size : size;
}
static unsigned short float_to_f16(float x) {
    const unsigned bits = __float_as_uint(x), sign = bits >> 16 & 0x8000u;
    if (x != x) return sign | 0x7e00;
    const float size = std::fabs(x);
    if (size == 0.0f) return sign;
    if (size >= 65520.0f) return sign | 0x7c00;
    int exponent;
    std::frexp(size, &exponent);
    // The distance of neighbours; halves go to the even one as the host rounds.
    const int step = (exponent < -13 ? -13 : exponent) - 11;
    const unsigned steps = unsigned(std::nearbyint(std::ldexp(size, -step)));
    if (exponent < -13) return sign | steps;
    return sign | ((unsigned(exponent + 13) << 10) + steps);
}
static unsigned short float_to_bf16(float x) {
    const unsigned bits = __float_as_uint(x);
    if (x != x) return bits >> 16 | 0x40;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// Products of 16 × 16 by 16 × 8: each thread shows its parts of A and B, then sums up its own parts of D.
namespace host {
struct Parts { unsigned a[4], b[2]; };
static Parts parts[1024];
template <typename Read> static void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], Read read) {
    Parts& own = parts[current];
    std::memcpy(own.a, a, sizeof(a));
    std::memcpy(own.b, b, sizeof(b));
    exchange();
    const unsigned warp = current / 32 * 32, g = current % 32 / 4, c = current % 4;
    for (int i = 0; i < 4; ++i) {
        const unsigned row = g + i / 2 * 8, column = c * 2 + i % 2;
        for (unsigned k = 0; k < 16; ++k) {
            const unsigned left = parts[warp + row % 8 * 4 + k % 8 / 2].a[k / 8 * 2 + row / 8];
            const unsigned right = parts[warp + column * 4 + k % 8 / 2].b[k / 8];
            d[i] += read(left >> k % 2 * 16 & 0xffff) * read(right >> k % 2 * 16 & 0xffff);
        }
    }
    exchange();
}
// Products of 16 × 8 by 8 × 8.
struct Singles { float a[4], b[2]; };
static Singles singles[1024];
static void multiply(float (&d)[4], const float (&a)[4], const float (&b)[2]) {
    Singles& own = singles[current];
    std::memcpy(own.a, a, sizeof(a));
    std::memcpy(own.b, b, sizeof(b));
    exchange();
    const unsigned warp = current / 32 * 32, g = current % 32 / 4, c = current % 4;
    for (int i = 0; i < 4; ++i) {
        const unsigned row = g + i / 2 * 8, column = c * 2 + i % 2;
        for (unsigned k = 0; k < 8; ++k) {
            const float left = singles[warp + row % 8 * 4 + k % 4].a[k / 4 * 2 + row / 8];
            d[i] += left * singles[warp + column * 4 + k % 4].b[k / 4];
        }
    }
    exchange();
}
}  // namespace host
static float to_tf32(float x) { return __uint_as_float((__float_as_uint(x) + 0x1000u) & ~0x1fffu); }
#define DEFINE_TENSOR_CORES                                                                                     \
    static void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], f16) {                  \
        host::multiply(d, a, b, [](unsigned bits) { return read(f16{(unsigned short)bits}); });                 \
    }                                                                                                           \
    static void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], bf16) {                 \
        host::multiply(d, a, b, [](unsigned bits) { return read(bf16{(unsigned short)bits}); });                \
    }                                                                                                           \
    static unsigned narrow(float first, float second, f16) {                                                    \
        return float_to_f16(first) | unsigned(float_to_f16(second)) << 16;                                      \
    }                                                                                                           \
    static unsigned narrow(float first, float second, bf16) {                                                   \
        return float_to_bf16(first) | unsigned(float_to_bf16(second)) << 16;                                      \
    }                                                                                                           \
    static void multiply(float (&d)[4], const float (&a)[4], const float (&b)[2]) { host::multiply(d, a, b); }
