    if (!is_kept || x.member > 0) return;
    float given[ROWS];
    ${CLASS} result[ROWS];
#pragma unroll
    for (int row = 0; row < ROWS; ++row) given[row] = ${RESULT};
    after(x.row, given, result);
    ${PUT};
