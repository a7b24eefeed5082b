// Whole numbers as binary decisions of a range coder.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "coding/range_coder.hpp"

namespace selfsame::coding {

inline constexpr int kLengths = 20;  // steps of the unary part of a number, its bit length
inline constexpr int kTailBits = 16;
inline constexpr std::int32_t kMostNumber = (1 << (kLengths - 1)) - 1;  // that code_number takes
inline constexpr std::int32_t kMostTail = (1 << (kTailBits + 1)) - 2;   // that code_tail takes

constexpr int bit_length(std::uint32_t value) { return std::bit_width(value); }

// a / b rounded down, b > 0.
constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    const std::int64_t quotient = a / b;
    return quotient * b > a ? quotient - 1 : quotient;
}

// Code a number of [0, kMostNumber]: its bit length in unary, then its bits below the first.
//
// `contexts` are the slots of the first unary step, the later ones follow them. `bits` is the first
// of kLengths × 8 slots of the two highest of the bits below the first, `low` the first of kLengths
// slots of the others.
template <typename Coder, std::size_t kInputs>
std::int32_t code_number(Coder& coder, std::int32_t value, std::array<std::uint32_t, kInputs> contexts,
                         int set, std::uint32_t bits, std::uint32_t low, int element) {
    const int length = Coder::kDecoding ? 0 : bit_length(value);
    int read = 0;
    while (read < kLengths - 1) {
        const int wanted = length > read;
        int bit;
        if constexpr (kInputs == 1) {
            bit = coder.code_adaptive(wanted, contexts[0], element);
        } else {
            bit = coder.code_mixed(wanted, contexts, set, element);
        }
        if (!bit) {
            break;
        }
        ++read;
        for (auto& context : contexts) {
            ++context;
        }
    }
    if (read <= 1) {
        return read;
    }
    std::int32_t result = 1;
    std::uint32_t prefix = 1;
    for (int k = read - 2; k >= 0; --k) {
        int bit = value >> k & 1;
        if (prefix < 4) {
            bit = coder.code_adaptive(bit, bits + read * 8 + prefix, element);
            prefix = prefix << 1 | bit;
        } else {
            bit = coder.code_adaptive(bit, low + k, element);
        }
        result = result << 1 | bit;
    }
    return result;
}

// Code a number of [0, kMostTail] in the exponential Golomb code of order 0; the decisions on its
// length take `slot` and those behind it, up to kLengths.
template <typename Coder>
std::int32_t code_tail(Coder& coder, std::int32_t value, std::uint32_t slot, int element) {
    const std::int32_t above = value + 1;
    int length = 0;
    while (length < kTailBits &&
           coder.code_adaptive(above >> (length + 1) > 0, slot + length, element)) {
        ++length;
    }
    std::int32_t result = 1;
    for (int k = length - 1; k >= 0; --k) {
        result = result << 1 | coder.code_plain(above >> k & 1, element);
    }
    return result - 1;
}

}  // namespace selfsame::coding
