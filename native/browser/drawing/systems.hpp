// What a chaos game starts from, as selfsame/ifs/chaos/games.py and ifs/render/view_words.py say: the same numbers
// up to rounding, so that the same seed gives the same points.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "browser/files/codes.hpp"
#include "ifs/field.hpp"

namespace selfsame::browser {

// Affine maps, chosen with probabilities. Coordinates of colours may follow the `space` first ones, those of points.
struct Maps {
    int dimension, space;
    std::vector<double> matrices, offsets, probabilities;

    std::size_t size() const { return probabilities.size(); }
    const double* matrix(std::size_t i) const { return &matrices[i * dimension * dimension]; }
    const double* offset(std::size_t i) const { return &offsets[i * dimension]; }
    void add(const double* matrix, const double* offset, double probability);
};

// The maps of a code; with colours, each carries red, green and blue along: c -> (c + c_i) / 2, white without.
Maps maps_of(const IfsCode& code, bool with_colors);

// Steps that shrink a difference of starts by 2^-24 on average.
int burn_in_steps(const Maps& maps);

// The mean of the invariant measure, or the origin.
std::vector<double> start_point(const Maps& maps);

// Of a binary tree over the maps, the probabilities of left branches; see Stream::multinomial.
std::vector<std::uint64_t> probability_tree(const std::vector<double>& probabilities);

struct Fields {
    ifs::Field population, ancestors;
};
Fields choose_fields(std::uint64_t points, std::size_t maps);

using Viewport = std::array<double, 4>;  // x_min, y_min, x_max, y_max

// Compositions of maps whose images of the attractor cover all of it that is in view, and their share of it: with
// 0 of it there are none.
struct Words {
    Maps maps;
    double share;
};

// Nothing where that does not pay, or the maps hardly contract.
std::optional<Words> view_words(const Maps& maps, const Viewport& view);

}  // namespace selfsame::browser
