// The leaf of a recursion that is nearest to each point, by branch and bound: ifs/distance/search.py explains it.
#pragma once

#include <cstdint>

#include "core/grid.hpp"

namespace selfsame::ifs {

enum class Leaf { kDisk, kRectangle, kSegment };

// The tree of words over `maps` letters; nodes of level j follow starts[j] in the order of their words.
struct Words {
    int maps;
    Row<const std::int64_t> starts;  // levels + 1
    Grid<const double> frames;       // (nodes, 7): scale, orthogonal part, offset
    Grid<const double> balls;        // (nodes, 3): centre and radius of what holds the leaves below
};

// Write the word of the nearest leaf, letters as digits, the outermost first, and the signed distance to it.
void nearest_leaves(const Words& words, Leaf leaf, Row<const double> shape, Grid<const double> points,
                    Row<std::int64_t> winners, Row<double> distances, int threads);

}  // namespace selfsame::ifs
