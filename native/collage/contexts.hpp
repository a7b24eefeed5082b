// What the file format fixes of a collage's syntax: the layout of the slots, frequencies and classes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "coding/numbers.hpp"
#include "coding/slots.hpp"
#include "collage/syntax.hpp"

namespace selfsame::collage {

inline constexpr int kSteps = 4;      // decisions of a weight: zero?, one?, two?, more
inline constexpr int kMaxUnary = 15;  // magnitudes from here on have a tail
inline constexpr int kRates = 8;      // classes of the code's quantiser step
inline constexpr int kEnergies = 12;  // classes of the magnitudes at a frequency in the ranges around
inline constexpr int kTemplates = 12;  // classes of those already coded around it in the same range
inline constexpr int kExpectations = 20, kCoarse = 8;  // classes of both together
inline constexpr int kPositions = 28;  // classes of the index of an atom
inline constexpr int kOctaves = 6;     // classes of four of those each
inline constexpr int kSpreads = 16;    // classes of the roughness of biases
inline constexpr int kGradients = 7;   // classes of a signed difference of biases
inline constexpr int kSloped = 5;      // atoms that the biases around foretell
inline constexpr int kSigned = 48;     // atoms whose signs are predicted
inline constexpr int kShapes = 243;    // of five magnitudes, 0, 1 or more
inline constexpr int kBands = 4;       // of frequency, that have sets of weights of their own
inline constexpr int kWeightInputs = 8;

struct Slots {
    std::uint32_t bias_spread, bias_near, bias_luma, bias_both, bias_rate;
    std::uint32_t bias_sign_near, bias_sign_other, bias_sign_luma, bias_bits, bias_low;
    std::uint32_t last_near, last_sides, last_rate, last_spread, last_other, last_bits, last_low;
    std::array<std::uint32_t, kWeightInputs> weight_strides, weight;
    std::uint32_t weight_tail, sign_sides, sign_slope, sign_other;
    std::uint32_t domain_any, domain_size, domain_sign, domain_bits, domain_low;
    std::uint32_t count;
};

constexpr Slots lay_out_slots() {
    using coding::kLengths;
    coding::Layout slots;
    Slots s{};
    s.bias_spread = slots.take(kPlanes, kSpreads, kLengths);
    s.bias_near = slots.take(kPlanes, kSpreads, kLengths);
    s.bias_luma = slots.take(kPlanes, kSpreads, kSpreads, kLengths);
    s.bias_both = slots.take(2, kSpreads, kSpreads, kLengths);
    s.bias_rate = slots.take(kPlanes, kRates, kLengths);
    s.bias_sign_near = slots.take(kPlanes, 9);
    s.bias_sign_other = slots.take(kPlanes, kGradients);
    s.bias_sign_luma = slots.take(kPlanes, 27);
    s.bias_bits = slots.take(kPlanes, kLengths, 8);
    s.bias_low = slots.take(kPlanes, kLengths);
    s.last_near = slots.take(2, kPositions, kLengths);
    s.last_sides = slots.take(2, 8, 8, kLengths);
    s.last_rate = slots.take(kPlanes, kRates, kLengths);
    s.last_spread = slots.take(2, kSpreads, kOctaves, kLengths);
    s.last_other = slots.take(2, kPositions, kPositions, kLengths);
    s.last_bits = slots.take(2, kLengths, 8);
    s.last_low = slots.take(2, kLengths);
    s.weight_strides = {kPlanes * kTemplates * kEnergies,
                        kPlanes * kMaxAtoms * kCoarse,
                        2 * kShapes * kCoarse,
                        2 * kPositions * 9 * kCoarse,
                        2 * 3 * 3 * 3 * 3 * 4,
                        2 * kEnergies * kSpreads * kCoarse,
                        2 * kRates * kOctaves * kExpectations,
                        kPlanes * (kSloped + 1) * kSpreads * kCoarse};
    for (int i = 0; i < kWeightInputs; ++i) {
        s.weight[i] = slots.take(kSteps, s.weight_strides[i]);
    }
    s.weight_tail = slots.take(2, kLengths);
    s.sign_sides = slots.take(kPlanes, kSigned, 9);
    s.sign_slope = slots.take(kPlanes, kSloped + 1, kGradients);
    s.sign_other = slots.take(kPlanes, 3, 5);
    s.domain_any = slots.take(2, 3);
    s.domain_size = slots.take(2, kLengths);
    s.domain_sign = slots.take(2);
    s.domain_bits = slots.take(2, kLengths, 8);
    s.domain_low = slots.take(2, kLengths);
    s.count = slots.size;
    return s;
}
inline constexpr Slots kSlots = lay_out_slots();

// First sets of mixing weights.
struct Sets {
    int bias, bias_sign, last, weight, sign, count;
};
constexpr Sets lay_out_sets() {
    coding::Layout sets;
    Sets s{};
    s.bias = static_cast<int>(sets.take(kPlanes));
    s.bias_sign = static_cast<int>(sets.take(kPlanes));
    s.last = static_cast<int>(sets.take(kPlanes));
    s.weight = static_cast<int>(sets.take(kSteps, kPlanes, kBands));
    s.sign = static_cast<int>(sets.take(kPlanes, 3));
    s.count = static_cast<int>(sets.size);
    return s;
}
inline constexpr Sets kSets = lay_out_sets();

// How much a weight lets expect of one whose frequencies are so much lower: rounded coefficients of a
// regression over photographs, in about 1/32 of its magnitude.
struct Reach {
    int down, across, by;
};
inline constexpr std::array kReach = {Reach{0, 1, 6}, Reach{1, 0, 6},  Reach{1, 1, 4}, Reach{0, 2, 4},
                                      Reach{2, 0, 4}, Reach{0, 3, 3},  Reach{3, 0, 3}, Reach{1, 2, 3},
                                      Reach{2, 1, 3}, Reach{1, -1, 3}, Reach{-1, 1, 3}};

// An atom, and the atoms around it in frequency; kMaxAtoms where there is none.
struct Atom {
    std::uint8_t v, u;  // its frequency
    std::uint8_t right, below, across, right2, below2, left, above;
    std::array<std::uint8_t, kReach.size()> reached;
    std::uint8_t kind;   // 1 for atoms that vary along rows only, 2 along columns only
    std::uint8_t slope;  // which of the gradients of the biases foretells it, kSloped for none
};

// The atoms in their order: places of a 16 × 16 grid but the first, by v + u, max(v, u) and v.
const std::array<Atom, kMaxAtoms>& atoms();

// 0 to 7 for the first eight, then four classes per octave.
constexpr int position_class(int index) {
    if (index < 8) {
        return index;
    }
    const int octave = coding::bit_length(index) - 4;
    return 8 + 4 * octave + (index >> (octave + 1) & 3);
}
static_assert(position_class(kMaxAtoms) == kPositions - 1);

template <std::size_t kCount, std::size_t kBounds>
constexpr auto by_class(const std::array<int, kBounds>& bounds) {
    return [table = coding::class_table<kCount>(bounds)](std::int64_t value) -> int {
        return table[std::min<std::int64_t>(value, kCount - 1)];
    };
}
inline constexpr auto energy_class = by_class<256>(std::array{1, 2, 3, 5, 8, 12, 18, 28, 44, 72, 130});
inline constexpr auto template_class = by_class<128>(std::array{1, 4, 7, 10, 14, 19, 26, 36, 50, 75, 120});
inline constexpr auto expectation_class = by_class<512>(std::array{1, 3, 5, 7, 9, 12, 15, 19, 23, 28, 35,
                                                                   43, 53, 66, 84, 110, 150, 210, 320});
inline constexpr auto coarse_class = by_class<128>(std::array{1, 6, 12, 20, 32, 55, 110});
inline constexpr auto spread_class =
    by_class<1024>(std::array{1, 2, 4, 6, 9, 13, 19, 28, 42, 64, 96, 150, 240, 480, 1000});
inline constexpr auto size_of_gradient = by_class<16>(std::array{1, 4, 14});
static_assert(energy_class(256) == kEnergies - 1 && template_class(128) == kTemplates - 1 &&
              expectation_class(512) == kExpectations - 1 && coarse_class(128) == kCoarse - 1 &&
              spread_class(1024) == kSpreads - 1 && size_of_gradient(16) == kGradients / 2);

// Class of a signed difference; the middle one is zero.
constexpr int gradient_class(std::int64_t value) {
    const int size = size_of_gradient(value < 0 ? -value : value);
    return value < 0 ? kGradients / 2 - size : kGradients / 2 + size;
}
// 0 for zero, 1 for positive, 2 for negative numbers.
constexpr int sign_class(std::int64_t value) { return value > 0 ? 1 : value < 0 ? 2 : 0; }

}  // namespace selfsame::collage
