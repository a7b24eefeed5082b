#include "pifs/levels.hpp"

#include "core/bounded.hpp"

namespace selfsame::pifs {

namespace {

constexpr double kNever = 1e30;
constexpr int kLastLengths = 2 * kMaxLog2 + 2;

// Bits of the index of the last level, by its bit length.
std::array<double, kLastLengths> bits_of_last(const coding::Encoder& coder, const BlockState& block) {
    const auto& costs = coding::tables().costs;
    LastContexts contexts = last_contexts(block);
    std::array<double, kLastLengths> bits;
    double unary = 0;
    for (int k = 0; k < kLastLengths; ++k) {
        const int p = coder.probability(contexts, kSets.last + block.chroma * 3 + block.mapped) >> 4;
        bits[k] = unary + costs[4095 - p] + std::max(k - 1, 0);
        unary += costs[p];
        for (auto& context : contexts) {
            ++context;
        }
    }
    return bits;
}

// As far as a level reaches; 0 for NaN.
double magnitude_of(float coefficient) { return bounded<double>(std::abs(coefficient), 0, kMaxLevel); }

}  // namespace

void choose_levels(const coding::Encoder& coder, const BlockState& block, const Choice& choice,
                   Grid<std::int32_t> levels, Magnitudes& magnitudes) {
    const auto& costs = coding::tables().costs;
    const Row<const Place> places = scan(block.lh, block.lw);
    const int pixels = block.pixels();
    const auto coefficients = choice.coefficients.part(block.y, block.x, levels.height(), levels.width());
    const double price = choice.price;
    int last = 0;
    for (int position = 1; position < pixels; ++position) {
        const Place place = places[position];
        const double value = magnitude_of(coefficients(place.v, place.u));
        levels(place.v, place.u) = 0;
        if (position <= choice.last && static_cast<std::int32_t>(value + 0.45) > 0) {
            last = position;
        }
    }
    if (last == 0) {
        return;
    }
    const auto lengths = bits_of_last(coder, block);
    // Gain of coding everything from the first to a coefficient, over leaving it zero.
    std::array<double, 1 << 2 * kMaxLog2> gains;
    double running = 0;
    for (int position = last; position > 0; --position) {
        const Place place = places[position];
        const double value = magnitude_of(coefficients(place.v, place.u));
        const auto high = static_cast<std::int64_t>(value + 0.5);
        LevelContexts contexts = level_contexts(block, magnitudes, position, place);
        const int p = coder.probability(contexts, level_set(block, 0)) >> 4;
        const double zero_cost = value * value + price * costs[4095 - p];
        std::int64_t best = 0;
        double best_cost = zero_cost, alone = kNever;
        if (high > 0) {
            double bits = 1;  // the sign
            const std::int64_t low = std::max<std::int64_t>(high - 1, 1);
            int q = 0;
            for (std::int64_t level = 1; level <= high; ++level) {
                const int step = static_cast<int>(std::min<std::int64_t>(level, kSteps - 1));
                if (level < kMaxUnary && (level <= kSteps - 1 || level == low)) {
                    if (level < kSteps) {
                        next_step(contexts);
                    }
                    q = coder.probability(contexts, level_set(block, step)) >> 4;
                }
                if (level >= low) {
                    const double error = value - static_cast<double>(level);
                    const double cost = error * error + price * (bits + costs[4095 - q]);
                    alone = std::min(alone, cost);
                    if (cost + price * costs[p] < best_cost) {
                        best = level;
                        best_cost = cost + price * costs[p];
                    }
                }
                bits += costs[q];
            }
        }
        magnitudes.at(place.v, place.u) = static_cast<std::int32_t>(best);
        // As the last one, a coefficient needs no decision whether it is zero.
        gains[position] = best ? alone - best_cost - running : kNever;
        running += best_cost - value * value;
    }
    // `running` is now the gain of all over zeros; `gains` takes those above the last one back.
    int chosen = 0;
    double least = price * lengths[0];
    for (int position = 1; position <= last; ++position) {
        const double total = running + gains[position] + price * lengths[coding::bit_length(position)];
        if (total < least) {
            chosen = position;
            least = total;
        }
    }
    for (int position = 1; position <= chosen; ++position) {
        const Place place = places[position];
        const std::int32_t magnitude = magnitudes.at(place.v, place.u);
        levels(place.v, place.u) = coefficients(place.v, place.u) < 0 ? -magnitude : magnitude;
    }
    magnitudes.clear(places, last);
}

}  // namespace selfsame::pifs
