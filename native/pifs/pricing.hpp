// What a block costs: J = distortion + price · bits, in units of step², with its levels chosen as the
// coder will choose them but for contexts that depend on the neighbours.
#pragma once

#include <array>
#include <cstdint>

#include "core/grid.hpp"
#include "pifs/contexts.hpp"
#include "pifs/levels.hpp"

namespace selfsame::pifs {

inline constexpr float kInfeasible = 1e30f;

// Bits of decisions without their neighbourhood, from the models of a coder, for one class of planes.
class CostTables {
public:
    CostTables(Row<const std::uint32_t> slots, int chroma);

    using Steps = std::array<std::array<float, 2>, kSteps>;  // by outcome
    std::array<std::array<std::array<Steps, kTemplates>, kSizes>, kBands> levels;
    // Of the index of the last level, and of the error of the predicted mean, by bit length.
    std::array<std::array<std::array<float, coding::kLengths>, kSizes>, kSizes> lasts;
    std::array<std::array<float, coding::kLengths>, 2 * kSizes> means;

    // Bits of having no map at all, and of a map; `block` is its (y, x).
    float no_map() const { return none_; }
    float map_bits(const Map& map, int y, int x, int log2) const;

private:
    float zero(std::uint32_t slot) const { return coding::tables().costs[4095 - (slots_[slot] >> 20)]; }
    float one(std::uint32_t slot) const { return coding::tables().costs[slots_[slot] >> 20]; }
    void set_unary(std::uint32_t base, std::array<float, coding::kLengths>& bits) const;

    Row<const std::uint32_t> slots_;
    int chroma_;
    float none_;
};

// What levels are chosen by.
struct Price {
    float inverse_step;
    double of_bit;
    int last;  // highest index in the scan that may be chosen
};

// The cost of a block of coefficients, at `stride`; `border` is the prediction of its mean from the
// pixels just above and to the left.
float block_cost(const float* coefficients, std::size_t stride, int log2_height, int log2_width,
                 float border, const CostTables& tables, const Price& price, Magnitudes& magnitudes);

}  // namespace selfsame::pifs
