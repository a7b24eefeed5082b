// What the file format fixes of a plane's syntax: the layout of the slots, scan orders, frequency
// bands and classes. Nothing here depends on a picture.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "coding/numbers.hpp"
#include "coding/slots.hpp"
#include "core/grid.hpp"

namespace selfsame::pifs {

inline constexpr int kMinLog2 = 2, kMaxLog2 = 6;  // of the sides of blocks
inline constexpr int kNoMap = 0, kHalf = 1, kQuarter = 2, kCopy = 3, kLuma = 4;  // kinds of map
inline constexpr int kKinds = 5;
inline constexpr int kMaxScaleIndex = 12;
inline constexpr float kScaleStep = 0.125f;  // of a map's scale
inline constexpr int kMaxUnary = 15;         // magnitudes of levels from here on have a tail
inline constexpr std::int32_t kMaxLevel = kMaxUnary + coding::kMostTail;
inline constexpr std::int32_t kMaxMean = 1 << 19;  // first level of a block

inline constexpr int kSizes = kMaxLog2 - kMinLog2 + 1;  // block sides 4, 8, 16, 32, 64
inline constexpr int kBands = 18;  // six octaves of frequency times three directions
inline constexpr int kMagnitudes = 12;  // classes of expected magnitude, from the blocks around
inline constexpr int kTemplates = 9;  // classes of the sum of five coefficients around one
inline constexpr int kPositions = 24;
inline constexpr int kAreas = 9;
inline constexpr int kSteps = 4;  // decisions of a level: zero?, one?, two?, more
inline constexpr int kShapeClasses = 243;  // of five magnitudes, 0, 1 or more

// Syntax elements that bits are counted by.
enum Element : int { kPartition, kMaps, kMeans, kExtents, kLevels, kSigns, kElements };

// First slots of everything; planes are of two classes, luma and chroma.
struct Slots {
    static constexpr int kLevelInputs = 6;
    std::array<std::uint32_t, kLevelInputs> level_strides;  // from one decision on a level to the next
    std::array<std::uint32_t, kLevelInputs> level;
    std::uint32_t level_tail, sign;
    std::uint32_t split_neighbours, split_activity, split_corners, split_luma;
    std::uint32_t map_kind_neighbours, map_kind_size, isometry, scale_sign, scale_size;
    std::uint32_t offset_length, offset_sign, offset_bits, offset_low;
    std::uint32_t mean_spread, mean_size, mean_activity, mean_sign, mean_bits, mean_low;
    std::uint32_t last_area, last_high, last_mapped, last_other, last_bits, last_low;
    std::uint32_t count;
};

constexpr Slots lay_out_slots() {
    using coding::kLengths;
    coding::Layout slots;
    Slots s{};
    s.level_strides = {2 * kSizes * kTemplates * kMagnitudes,
                       2 * kBands * kSizes * kTemplates,
                       2 * kShapeClasses * kSizes,
                       2 * kPositions * kAreas * kMagnitudes,
                       2 * 6 * kMagnitudes * kMagnitudes,
                       2 * kMagnitudes * kMagnitudes * kTemplates};
    for (int i = 0; i < Slots::kLevelInputs; ++i) {
        s.level[i] = slots.take(kSteps, s.level_strides[i]);
    }
    s.level_tail = slots.take(2, kLengths);
    s.sign = slots.take(2, 2, kSizes, 7);
    s.split_neighbours = slots.take(3, 2, kSizes, kAreas, kAreas);
    s.split_activity = slots.take(3, 2, kSizes, kMagnitudes, 3);
    s.split_corners = slots.take(3, 2, kSizes, kAreas, kAreas);
    s.split_luma = slots.take(3, 2, kSizes, kAreas, kMagnitudes);
    s.map_kind_neighbours = slots.take(4, 2, kKinds, kKinds);
    s.map_kind_size = slots.take(4, 2, kSizes, kMagnitudes);
    s.isometry = slots.take(kSizes, 8);
    s.scale_sign = slots.take(2);
    s.scale_size = slots.take(kKinds, kSizes, 16);
    s.offset_length = slots.take(2, kSizes, kLengths);
    s.offset_sign = slots.take(2, kSizes);
    s.offset_bits = slots.take(2, kLengths, 8);
    s.offset_low = slots.take(2, kLengths);
    s.mean_spread = slots.take(2, kMagnitudes, kLengths);
    s.mean_size = slots.take(2, kSizes * 2, kLengths);
    s.mean_activity = slots.take(2, kSizes, kMagnitudes, kLengths);
    s.mean_sign = slots.take(2, 3);
    s.mean_bits = slots.take(2, kLengths, 8);
    s.mean_low = slots.take(2, kLengths);
    s.last_area = slots.take(2, kAreas, kMagnitudes, kLengths);
    s.last_high = slots.take(2, kAreas, kMagnitudes, kLengths);
    s.last_mapped = slots.take(2, kSizes, kSizes, kKinds, kLengths);
    s.last_other = slots.take(2, kAreas, kMagnitudes, 3, kLengths);
    s.last_bits = slots.take(2, kAreas, kLengths, 8);
    s.last_low = slots.take(2, kLengths);
    s.count = slots.size;
    return s;
}
inline constexpr Slots kSlots = lay_out_slots();

// First sets of mixing weights.
struct Sets {
    int level, split, map, mean, last, count;
};
constexpr Sets lay_out_sets() {
    coding::Layout sets;
    Sets s{};
    s.level = static_cast<int>(sets.take(kSteps, 2, kSizes));
    s.split = static_cast<int>(sets.take(3, 2));
    s.map = static_cast<int>(sets.take(4));
    s.mean = static_cast<int>(sets.take(2, 3));
    s.last = static_cast<int>(sets.take(2, 3));
    s.count = static_cast<int>(sets.size);
    return s;
}
inline constexpr Sets kSets = lay_out_sets();

// A coefficient's place in its block, and its band: octave × direction (mostly horizontal, mostly
// vertical, between), comparable between blocks of different size.
struct Place {
    std::uint8_t v, u, band;
};

// The coefficients of a block of any shape by rising frequency, the mean first.
Row<const Place> scan(int log2_height, int log2_width);

// Class of an index in the scan.
int position_class(int index);

inline constexpr auto kMagnitudeClasses =
    coding::class_table<256>(std::array{1, 2, 4, 6, 9, 13, 19, 28, 45, 80, 160});
inline constexpr auto kTemplateClasses = coding::class_table<32>(std::array{1, 2, 3, 4, 6, 8, 12, 20});

static_assert(kMagnitudeClasses.back() == kMagnitudes - 1 && kTemplateClasses.back() == kTemplates - 1);

// Class of a mean magnitude in sixteenths of a level.
constexpr int magnitude_class(std::int64_t value) {
    return kMagnitudeClasses[std::min<std::int64_t>(value, kMagnitudeClasses.size() - 1)];
}

// Class of half the weighted sum of the five coefficients around one.
constexpr int template_class(std::int32_t value) {
    return kTemplateClasses[std::min<std::int32_t>(value, kTemplateClasses.size() - 1)];
}

}  // namespace selfsame::pifs
