// Systems of maps as arrays.
#pragma once

#include <bit>
#include <utility>

#include "ifs/histogram.hpp"
#include "python/arrays.hpp"

namespace selfsame::python {

using FieldPair = std::pair<int, std::uint32_t>;  // m and the polynomial of GF(2^m)

inline ifs::Field field_of(const FieldPair& field) {
    const auto [m, polynomial] = field;
    require(m >= 4 && m <= 24 && polynomial >> m == 1, "fields have 2^4 to 2^24 elements, and a polynomial as long");
    return {m, polynomial};
}

// A field and that of the ancestors of a population.
inline std::pair<ifs::Field, ifs::Field> fields_of(const FieldPair& field, const FieldPair& ancestors) {
    require(ancestors.first <= field.first, "ancestors are no more than the population");
    return {field_of(field), field_of(ancestors)};
}

// A tree of how often maps are chosen, of at least so many leaves.
inline void check_tree(std::size_t leaves, std::size_t maps) {
    require(std::has_single_bit(leaves) && maps <= leaves, "a tree has 1, 2, 4, 8 ... leaves, one for every map");
}

inline ifs::Systems systems_of(const Array<double, 2>& maps, const Array<std::int64_t, 1>& bounds,
                               const Array<std::uint64_t, 2>& trees, const Array<double, 2>& starts,
                               const Array<std::int64_t, 1>& burn_ins) {
    const std::size_t count = trees.shape(0);
    require(bounds.size() == count + 1 && starts.shape(0) == count && starts.shape(1) == 2 &&
                burn_ins.size() == count,
            "arrays of systems of different lengths");
    const Row own = row(bounds);
    const auto all = structures<ifs::PlaneMap>(maps);
    for (std::size_t i = 0; i < count; ++i) {
        require(own[i] >= 0 && own[i] <= own[i + 1] && own[i + 1] <= static_cast<std::int64_t>(all.size()),
                "bounds of systems do not rise, or leave the maps");
        check_tree(trees.shape(1), static_cast<std::size_t>(own[i + 1] - own[i]));
    }
    return {all, own, grid(trees), grid(starts), row(burn_ins)};
}

}  // namespace selfsame::python
