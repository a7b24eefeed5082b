#include "ifs/cells.hpp"

#include <algorithm>
#include <cmath>

#include "core/clones.hpp"

namespace selfsame::ifs {

namespace {

// How far from a border that it should be at a map may put one, in cells: the rounding of windows in double precision.
constexpr double kSlack = 1e-6;
// The image of a centre is at least half a cell / shrinking away from the borders; a step errs by less than a
// 2^22th of the largest coordinate. Half of what that allows:
constexpr double kMostShrinking = 1 << 20;  // times the largest coordinate

// One coordinate of a map, t -> factor · t + shift, `ignored` the factor of the other.
struct Along {
    double factor, ignored, shift;
};

std::array<Along, 2> coordinates(const PlaneMap& map) {
    const auto& [a00, a01, a10, a11, b0, b1] = map;
    const bool is_swapped = a00 == 0 && a11 == 0;
    return is_swapped ? std::array{Along{a01, a00, b0}, Along{a10, a11, b1}}
                      : std::array{Along{a00, a01, b0}, Along{a11, a10, b1}};
}

// Whether the borders t = 0, 1, … of cells come from borders, for coordinates up to `largest`.
bool comes_from_borders(const Along& along, double least_shrinking, double largest) {
    const double shrinking = 1 / along.factor, from = shrinking * along.shift;
    const auto is_whole = [](double number, double size) {
        return std::abs(number - std::round(number)) * size <= kSlack;
    };
    return along.ignored == 0 && std::abs(shrinking) > least_shrinking - kSlack &&
           std::abs(shrinking) * largest <= kMostShrinking && is_whole(shrinking, largest) && is_whole(from, 1);
}

}  // namespace

bool keep_cells(Row<const PlaneMap> maps, Row<const PlaneMap> words) {
    double largest = 1;
    const auto reach = [&](const PlaneMap& map) { return std::max(std::abs(map[4]), std::abs(map[5])); };
    for (const PlaneMap& map : maps) {
        largest = std::max(largest, 2 * reach(map));  // as all maps shrink by 2 or more
    }
    for (const PlaneMap& word : words) {
        largest = std::max(largest, reach(word));
    }
    const auto all_keep = [&](Row<const PlaneMap> some, double least_shrinking) {
        return std::ranges::all_of(some, [&](const PlaneMap& map) {
            return std::ranges::all_of(coordinates(map), [&](const Along& along) {
                return comes_from_borders(along, least_shrinking, largest);
            });
        });
    };
    return all_keep(maps, 2) && all_keep(words, 1);
}

SELFSAME_CLONES
void center(float* coordinates, std::size_t count) {
    constexpr float kWhole = 3 << 22;  // what is added to this is rounded to a whole number
    for (std::size_t k = 0; k < count; ++k) {
        coordinates[k] = (coordinates[k] - 0.5f + kWhole) - kWhole + 0.5f;
    }
}

}  // namespace selfsame::ifs
