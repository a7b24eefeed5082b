// The levels of a block: their contexts, their coding, and the encoder's choice of them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "coding/numbers.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

inline constexpr int kFractionBits = 7;  // of the block means kept for prediction

// level / sqrt(height × width) with kFractionBits more bits.
inline std::int64_t mean_of_level(std::int64_t level, int lh, int lw) {
    constexpr int kRootHalf = 46341;  // 2 ** -0.5 in 16 bits
    const int total = lh + lw;
    if (total & 1) {
        return level * kRootHalf >> (16 - kFractionBits + (total - 1) / 2);
    }
    return (level << kFractionBits) >> (total / 2);
}

// A block on its way through the coder, and what its neighbours let expect.
struct BlockState {
    int y, x, lh, lw;
    int chroma;
    int mapped;                               // 0 or 1
    std::int64_t top_mean, left_mean;         // of the borders, in 1/128
    std::array<std::int64_t, kBands> expected;  // mean magnitude by band, in sixteenths
    std::array<int, kBands> own_class;        // of these
    std::array<int, kBands> octave_class;     // of the mean over the three directions
    int other_class;                          // of the activity in the plane coded before

    int area() const { return lh + lw - 2 * kMinLog2; }
    int size() const { return std::max(lh, lw) - kMinLog2; }
    int pixels() const { return 1 << (lh + lw); }
};

// Magnitudes of one block with a border of zeros to the right and below, so that what lies around a
// coefficient is read without a test.
class Magnitudes {
public:
    static constexpr int kStride = (1 << kMaxLog2) + 2;

    std::int32_t& at(int v, int u) { return values_[v * kStride + u]; }
    // Back to zero where the first `last` coefficients of the scan may have left something.
    void clear(Row<const Place> places, int last) {
        for (int position = 1; position <= last; ++position) {
            at(places[position].v, places[position].u) = 0;
        }
    }

private:
    std::array<std::int32_t, kStride * kStride> values_{};
};

using LevelContexts = coding::Contexts<Slots::kLevelInputs>;
using LastContexts = coding::Contexts<4>;

// The slots of the first unary step of the index of a block's last level that is not zero.
inline LastContexts last_contexts(const BlockState& block) {
    using coding::kLengths;
    const int area = block.area();
    const std::uint32_t base = block.chroma * kAreas + area;
    std::int64_t total = 0, high = 0;
    for (int b = 3 * std::max(0, kMaxLog2 - std::max(block.lh, block.lw)); b < kBands; ++b) {
        total += block.expected[b];
    }
    for (int b = area < 4 ? 9 : 12; b < kBands; ++b) {
        high += block.expected[b];
    }
    return {
        kSlots.last_area + (base * kMagnitudes + magnitude_class(total >> 1)) * kLengths,
        kSlots.last_high + (base * kMagnitudes + magnitude_class(high)) * kLengths,
        kSlots.last_mapped + (((block.chroma * kSizes + block.lh - kMinLog2) * kSizes + block.lw -
                               kMinLog2) * kKinds + block.mapped) * kLengths,
        kSlots.last_other + ((base * kMagnitudes + block.other_class) * 3 + block.mapped) * kLengths,
    };
}

// The slots of the first decision on a coefficient.
inline LevelContexts level_contexts(const BlockState& block, Magnitudes& magnitudes, int position,
                                    Place place) {
    const int v = place.v, u = place.u, band = place.band;
    const std::int32_t right = magnitudes.at(v, u + 1), below = magnitudes.at(v + 1, u);
    const std::int32_t across = magnitudes.at(v + 1, u + 1);
    const std::int32_t right2 = magnitudes.at(v, u + 2), below2 = magnitudes.at(v + 2, u);
    const int around = template_class((2 * (right + below) + across + right2 + below2 + 1) >> 1);
    const int expectation = block.own_class[band];
    int shape = 0;
    for (const std::int32_t magnitude : {right, below, across, right2, below2}) {
        shape = shape * 3 + std::min(magnitude, 2);
    }
    const int chroma = block.chroma, size = block.size(), octave = band / 3;
    const int lower = octave > 0 ? block.own_class[band - 3] : 0;
    const int beside = chroma ? block.other_class : block.octave_class[band];
    const int where = (chroma * kPositions + position_class(position)) * kAreas + block.area();
    return {
        kSlots.level[0] +
            ((chroma * kSizes + size) * kTemplates + around) * kMagnitudes + expectation,
        kSlots.level[1] + ((chroma * kBands + band) * kSizes + size) * kTemplates + around,
        kSlots.level[2] + (chroma * kShapeClasses + shape) * kSizes + size,
        kSlots.level[3] + where * kMagnitudes + expectation,
        kSlots.level[4] + ((chroma * 6 + octave) * kMagnitudes + lower) * kMagnitudes + expectation,
        kSlots.level[5] +
            ((chroma * kMagnitudes + beside) * kMagnitudes + expectation) * kTemplates + around,
    };
}

// Move from the slots of one decision on a coefficient to those of the next.
inline void next_step(LevelContexts& contexts) {
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        contexts[i] += kSlots.level_strides[i];
    }
}

inline int level_set(const BlockState& block, int step) {
    return kSets.level + (step * 2 + block.chroma) * kSizes + block.size();
}

// Code a sign; those of the two slopes are predicted by the step from the block's border.
template <typename Coder>
int code_sign(Coder& coder, int negative, const BlockState& block, std::int32_t mean_level,
              Place place) {
    if (place.v + place.u != 1) {
        return coder.code_plain(negative, kSigns);
    }
    const std::int64_t mean = mean_of_level(mean_level, block.lh, block.lw);
    std::int64_t step = (place.u == 1 ? block.left_mean : block.top_mean) - mean;
    step = (step << ((block.lh + block.lw) / 2)) >> kFractionBits;  // in levels of the block
    int lean = 3;
    if (step < 0) {
        lean = step < -8 ? 0 : step < -2 ? 1 : 2;
    } else if (step > 0) {
        lean = step > 8 ? 6 : step > 2 ? 5 : 4;
    }
    const std::uint32_t context = (block.chroma * 2 + place.u) * kSizes + block.size();
    return coder.code_adaptive(negative, kSlots.sign + context * 7 + lean, kSigns);
}

// Code the levels of a block behind its first. Leaves `magnitudes` zero, as it was.
template <typename Coder>
void code_levels(Coder& coder, const BlockState& block, Grid<std::int32_t> levels,
                 Magnitudes& magnitudes) {
    using coding::kLengths;
    const Row<const Place> places = scan(block.lh, block.lw);
    int last = 0;
    if constexpr (!Coder::kDecoding) {
        for (last = block.pixels() - 1; last > 0; --last) {
            if (levels(places[last].v, places[last].u) != 0) {
                break;
            }
        }
    }
    const std::uint32_t base = block.chroma * kAreas + block.area();
    last = coding::code_number(coder, last, last_contexts(block),
                               kSets.last + block.chroma * 3 + block.mapped,
                               kSlots.last_bits + base * kLengths * 8,
                               kSlots.last_low + block.chroma * kLengths, kExtents);
    last = std::min(last, block.pixels() - 1);  // only a damaged stream says more
    for (int position = last; position > 0; --position) {
        const Place place = places[position];
        std::int32_t& level = levels(place.v, place.u);
        LevelContexts contexts = level_contexts(block, magnitudes, position, place);
        const std::int32_t wanted = std::abs(level);
        std::int32_t magnitude = 0;
        if (position == last) {
            magnitude = 1;
            next_step(contexts);
        }
        while (magnitude < kMaxUnary) {
            const int set = level_set(block, std::min(magnitude, kSteps - 1));
            if (!coder.code_mixed(wanted > magnitude, contexts, set, kLevels)) {
                break;
            }
            ++magnitude;
            if (magnitude < kSteps) {
                next_step(contexts);
            }
        }
        if (magnitude == kMaxUnary) {
            magnitude += coding::code_tail(coder, wanted - kMaxUnary,
                                           kSlots.level_tail + block.chroma * kLengths, kLevels);
        }
        magnitudes.at(place.v, place.u) = magnitude;
        if (magnitude > 0 && code_sign(coder, level < 0, block, levels(0, 0), place)) {
            level = -magnitude;
        } else {
            level = magnitude;
        }
    }
    magnitudes.clear(places, last);
}

// Choose the levels of a block behind its first by distortion + price × bits, with the adaptive
// models as they stand, and the last one that is not zero. Leaves `magnitudes` zero, as it was.
void choose_levels(const coding::Encoder& coder, const BlockState& block, const Choice& choice,
                   Grid<std::int32_t> levels, Magnitudes& magnitudes);

}  // namespace selfsame::pifs
