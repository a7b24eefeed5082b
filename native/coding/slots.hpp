// The slots of a range coder: their layout, and the state that coding starts from.
#pragma once

#include <array>
#include <cstdint>

#include "coding/range_coder.hpp"

namespace selfsame::coding {

// Hands out ranges of slots, or of sets of weights, one behind the other.
class Layout {
public:
    template <typename... Sides>
    constexpr std::uint32_t take(Sides... sides) {
        const std::uint32_t start = size;
        size += (static_cast<std::uint32_t>(sides) * ...);
        return start;
    }
    std::uint32_t size = 0;
};

// For 0 to kCount - 1 how many of the rising bounds each number reaches.
template <std::size_t kCount, std::size_t kBounds>
constexpr std::array<std::uint8_t, kCount> class_table(const std::array<int, kBounds>& bounds) {
    std::array<std::uint8_t, kCount> classes{};
    for (std::size_t i = 0; i < kCount; ++i) {
        for (const int bound : bounds) {
            classes[i] += static_cast<int>(i) >= bound;
        }
    }
    return classes;
}

// Models that know nothing: slots of probability one half, and equal weights.
inline Models untrained_models(std::uint32_t slots, std::uint32_t sets) {
    Models models;
    models.slots.assign(slots, 1u << 31);
    models.weights.resize(sets);
    for (auto& weights : models.weights) {
        weights.fill(65536 * 3 / 10);
    }
    return models;
}

}  // namespace selfsame::coding
