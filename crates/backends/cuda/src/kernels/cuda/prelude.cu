struct alignas(2) f16 { unsigned short bits; };
struct alignas(2) bf16 { unsigned short bits; };
struct boolean { unsigned char bits; };

// Elements that are loaded and stored at once.
template <typename T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack { T items[N]; };

template <int N, typename T>
__device__ __forceinline__ Pack<T, N> pack(const T* from) {
    return *reinterpret_cast<const Pack<T, N>*>(from);
}

__device__ __forceinline__ float number(unsigned bits) { return __uint_as_float(bits); }
constexpr long long INTEGER_MAX = 0x7fffffffffffffffLL;
constexpr long long INTEGER_MIN = -INTEGER_MAX - 1;

__device__ __forceinline__ float read(float x) { return x; }
__device__ __forceinline__ float read(f16 x) { return f16_to_float(x.bits); }
__device__ __forceinline__ float read(bf16 x) { return __uint_as_float(unsigned(x.bits) << 16); }
__device__ __forceinline__ bool read(boolean x) { return x.bits != 0; }
__device__ __forceinline__ long long read(signed char x) { return x; }
__device__ __forceinline__ long long read(short x) { return x; }
__device__ __forceinline__ long long read(int x) { return x; }
__device__ __forceinline__ long long read(long long x) { return x; }
__device__ __forceinline__ long long read(unsigned char x) { return x; }
__device__ __forceinline__ long long read(unsigned short x) { return x; }
__device__ __forceinline__ long long read(unsigned x) { return x; }

// NaN becomes 0, what is too large the nearest.
__device__ __forceinline__ long long integer(float x, long long low, long long high) {
    if (x != x) return 0;
    if (x <= float(low)) return low;
    if (x >= float(high)) return high;
    return (long long)x;
}

// A number of one of the three classes as it is stored in T: floats are rounded, integers wrap around.
template <typename T> struct Stored;
template <> struct Stored<float> {
    static __device__ __forceinline__ float of(float x) { return x; }
    static __device__ __forceinline__ float of(long long x) { return float(x); }
    static __device__ __forceinline__ float of(bool x) { return x ? 1.0f : 0.0f; }
};
template <> struct Stored<f16> {
    template <typename X>
    static __device__ __forceinline__ f16 of(X x) { return f16{float_to_f16(Stored<float>::of(x))}; }
};
template <> struct Stored<bf16> {
    template <typename X>
    static __device__ __forceinline__ bf16 of(X x) { return bf16{float_to_bf16(Stored<float>::of(x))}; }
};
template <> struct Stored<boolean> {
    template <typename X>
    static __device__ __forceinline__ boolean of(X x) { return boolean{(unsigned char)(x != X(0))}; }
};
template <typename T, long long LOW, long long HIGH> struct StoredInteger {
    static __device__ __forceinline__ T of(float x) { return T(integer(x, LOW, HIGH)); }
    static __device__ __forceinline__ T of(long long x) { return T(x); }
    static __device__ __forceinline__ T of(bool x) { return T(x); }
};
template <> struct Stored<signed char> : StoredInteger<signed char, -128, 127> {};
template <> struct Stored<short> : StoredInteger<short, -32768, 32767> {};
template <> struct Stored<int> : StoredInteger<int, -2147483648LL, 2147483647LL> {};
template <> struct Stored<long long> : StoredInteger<long long, INTEGER_MIN, INTEGER_MAX> {};
template <> struct Stored<unsigned char> : StoredInteger<unsigned char, 0, 255> {};
template <> struct Stored<unsigned short> : StoredInteger<unsigned short, 0, 65535> {};
template <> struct Stored<unsigned> : StoredInteger<unsigned, 0, 4294967295LL> {};

// As many numbers as lie next to each other.
template <int N, typename T, typename X>
__device__ __forceinline__ void put(T* to, const X (&from)[N]) {
    Pack<T, N> pack;
#pragma unroll
    for (int lane = 0; lane < N; ++lane) pack.items[lane] = Stored<T>::of(from[lane]);
    *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

// An index, negative ones from the end, moved into 0..size.
__device__ __forceinline__ long long nearest(long long index, long long size) {
    if (index < 0) index += size;
    return index < 0 ? 0 : index >= size ? size - 1 : index;
}

__device__ __forceinline__ float neg(float x) { return -x; }
__device__ __forceinline__ long long neg(long long x) { return (long long)(0ULL - (unsigned long long)x); }
__device__ __forceinline__ float absolute(float x) { return fabsf(x); }
__device__ __forceinline__ long long absolute(long long x) { return x < 0 ? neg(x) : x; }
__device__ __forceinline__ float sign(float x) { return x == 0.0f ? 0.0f : x != x ? x : copysignf(1.0f, x); }
__device__ __forceinline__ long long sign(long long x) { return (x > 0) - (x < 0); }
__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }
__device__ __forceinline__ float silu(float x) { return x * sigmoid(x); }
__device__ __forceinline__ float gelu(float x) { return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f)); }
// Abramowitz and Stegun 7.1.26: off by at most 2e-7 of |x|, which 16 bits do not show.
__device__ __forceinline__ float gelu_for_16_bits(float x) {
    const float z = fabsf(x) * 0.70710678118654752f;
    const float t = fast_recip(fmaf(0.3275911f, z, 1.0f));
    float sum = fmaf(1.061405429f, t, -1.453152027f);
    sum = fmaf(sum, t, 1.421413741f);
    sum = fmaf(sum, t, -0.284496736f);
    sum = fmaf(sum, t, 0.254829592f);
    const float tail = sum * t * fast_exp2(z * z * -1.4426950408889634f);
    return 0.5f * (x + fabsf(x) * (1.0f - tail));
}
__device__ __forceinline__ float gelu_tanh(float x) {
    return 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
}
__device__ __forceinline__ float hard_swish(float x) {
    return x * fminf(fmaxf(x / 6.0f + 0.5f, 0.0f), 1.0f);
}

__device__ __forceinline__ float add(float a, float b) { return a + b; }
__device__ __forceinline__ float sub(float a, float b) { return a - b; }
__device__ __forceinline__ float mul(float a, float b) { return a * b; }
__device__ __forceinline__ float divide(float a, float b) { return a / b; }
__device__ __forceinline__ float remainder_of(float a, float b) { return fmodf(a, b); }
__device__ __forceinline__ float smaller(float a, float b) { return fminf(a, b); }
__device__ __forceinline__ float larger(float a, float b) { return fmaxf(a, b); }
__device__ __forceinline__ float power(float a, float b) { return powf(a, b); }
typedef unsigned long long Wrapping;
__device__ __forceinline__ long long add(long long a, long long b) { return (long long)(Wrapping(a) + Wrapping(b)); }
__device__ __forceinline__ long long sub(long long a, long long b) { return (long long)(Wrapping(a) - Wrapping(b)); }
__device__ __forceinline__ long long mul(long long a, long long b) { return (long long)(Wrapping(a) * Wrapping(b)); }
__device__ __forceinline__ long long divide(long long a, long long b) {
    return b == 0 ? 0 : b == -1 ? neg(a) : a / b;
}
__device__ __forceinline__ long long remainder_of(long long a, long long b) {
    return b == 0 || b == -1 ? 0 : a % b;
}
__device__ __forceinline__ long long smaller(long long a, long long b) { return a < b ? a : b; }
__device__ __forceinline__ long long larger(long long a, long long b) { return a > b ? a : b; }
__device__ __forceinline__ long long power(long long, long long) { return 0; }

// Numbers that lie apart.
template <int N, typename T, typename X>
__device__ __forceinline__ void put_apart(T* to, int stride, const X (&from)[N]) {
#pragma unroll
    for (int lane = 0; lane < N; ++lane) to[(size_t)lane * stride] = Stored<T>::of(from[lane]);
}
