// Systems of maps as arrays.
#pragma once

#include <stdexcept>
#include <utility>

#include "ifs/histogram.hpp"
#include "python/arrays.hpp"

namespace selfsame::python {

using FieldPair = std::pair<int, std::uint32_t>;  // m and the polynomial of GF(2^m)

inline ifs::Field field_of(const FieldPair& field) {
    if (field.first < 4 || field.first > 24) {
        throw std::invalid_argument("fields have 2^4 to 2^24 elements");
    }
    return {field.first, field.second};
}

// Rows of six numbers as maps.
template <typename Map, typename T>
Row<const Map> maps_of(const Array<T, 2>& maps) {
    if (maps.shape(1) != 6) {
        throw std::invalid_argument("maps of the plane are (N, 6)");
    }
    return {reinterpret_cast<const Map*>(maps.data()), maps.shape(0)};
}

inline ifs::Systems systems_of(const Array<double, 2>& maps, const Array<std::int64_t, 1>& bounds,
                               const Array<std::uint64_t, 2>& trees, const Array<double, 2>& starts,
                               const Array<std::int64_t, 1>& burn_ins) {
    const std::size_t count = trees.shape(0);
    if (bounds.size() != count + 1 || starts.shape(0) != count || starts.shape(1) != 2 ||
        burn_ins.size() != count) {
        throw std::invalid_argument("arrays of systems of different lengths");
    }
    return {maps_of<ifs::PlaneMap>(maps), row(bounds), grid(trees), grid(starts), row(burn_ins)};
}

}  // namespace selfsame::python
