// Points of systems in single precision, drawn in shares as selfsame/ifs/render/points.py draws them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "browser/drawing/systems.hpp"
#include "core/grid.hpp"
#include "ifs/sampling.hpp"

namespace selfsame::browser {

std::vector<float> singles(const std::vector<double>& values);

// No maps: points come out where they lie.
Maps no_words(const Maps& maps);

// The probability tree of maps, which may be none.
std::vector<std::uint64_t> tree_of(const Maps& maps);

// All points of a system ran off to infinity: a fault of the input.
[[noreturn]] void refuse_escape();

class PointSource {
public:
    // Every point passes through one of the words on its way out, if there are any; `points` is the most that a
    // share is asked for; whether the game is one on cells, ifs/cells.hpp says.
    PointSource(const Maps& maps, const Maps& words, std::uint64_t points, std::uint64_t seed,
                bool is_on_cells = false);

    // Fill an array (n, dimension) with the points of a share.
    void fill(std::uint64_t share, Grid<float> out) const;
    // Let `take` have so many points, `each` at a time; it says whether all of these have escaped.
    void draw(std::uint64_t points, std::uint64_t each, const std::function<bool(Grid<const float>)>& take) const;

private:
    struct Game {
        Game(const Maps& from, bool is_on_cells);
        ifs::SpaceGame view() const;

        int dimension;
        std::vector<float> matrices, offsets;
        std::vector<std::uint64_t> tree;
        bool is_on_cells;
    };

    Fields fields_;
    std::uint64_t seed_;
    Game game_, words_;
    std::vector<float> start_;
    int burn_in_;
};

// The means of s × s blocks of cells, for a picture of width × height pixels.
std::vector<float> averaged(const std::vector<float>& cells, int width, int height, int s, int channels);

}  // namespace selfsame::browser
