constexpr int ROWS = ${ROWS}, COLUMNS = ${COLUMNS}, LANES = ${LANES}, DEPTH = ${DEPTH}, WARPS = 8;
constexpr unsigned N = ${N}, K = ${K};
// Sums of a thread; then those that it is left with, once the others of its warp that have the same have shared them out.
constexpr int SUMS = ROWS * COLUMNS, SHARERS = 32 / LANES, LEFT = SUMS > SHARERS ? SUMS / SHARERS : 1;
