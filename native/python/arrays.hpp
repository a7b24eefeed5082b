// NumPy arrays in and out.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "core/grid.hpp"

namespace selfsame::python {

namespace nb = nanobind;

// An array to read; others are converted, or refused with a TypeError.
template <typename T, std::size_t kDimensions>
using Array = nb::ndarray<const T, nb::numpy, nb::ndim<kDimensions>, nb::c_contig, nb::device::cpu>;

// An array to write to in place; bind it with nb::arg().noconvert().
template <typename T, std::size_t kDimensions>
using Target = nb::ndarray<T, nb::numpy, nb::ndim<kDimensions>, nb::c_contig, nb::device::cpu>;

template <typename T>
using NewArray = nb::ndarray<nb::numpy, T>;

// Raise a ValueError unless an argument is as it should be. Python's callers have checked theirs before
// and said more; here nothing may pass that leads to memory of others or to undefined behaviour.
inline void require(bool holds, const char* message) {
    if (!holds) {
        throw std::invalid_argument(message);
    }
}

// Largest sides of pictures and of their parts, at up to 64 samples a pixel: sizes and places of 32 bits add
// up without overflow, and areas fit into 64.
inline constexpr std::int64_t kMostSide = 1 << 24;

inline bool is_side(std::int64_t side) { return side >= 1 && side <= kMostSide; }
inline bool is_place(std::int64_t place) { return place >= -kMostSide && place <= kMostSide; }

// The numbers of an array. NumPy's may lie at addresses that are no multiple of their size.
template <typename T, typename... Config>
T* data_of(const nb::ndarray<T, Config...>& array) {
    require(reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) == 0, "an array that is not aligned");
    return array.data();
}

template <typename T>
Row<T> row(const nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>& array) {
    return {data_of(array), array.shape(0)};
}

template <typename T>
Grid<T> grid(const nb::ndarray<T, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>& array) {
    return {data_of(array), array.shape(0), array.shape(1)};
}

// An array of three dimensions with the last two taken as one.
template <typename T>
Grid<T> flat(const nb::ndarray<T, nb::numpy, nb::ndim<3>, nb::c_contig, nb::device::cpu>& array) {
    return {data_of(array), array.shape(0), array.shape(1) * array.shape(2)};
}

// Rows of a few numbers as structures of them.
template <typename Structure, typename T>
Row<const Structure> structures(const Array<T, 2>& array) {
    static_assert(sizeof(Structure) % sizeof(T) == 0 && alignof(Structure) == alignof(T));
    require(array.shape(1) == sizeof(Structure) / sizeof(T), "an array with rows of another length");
    return {reinterpret_cast<const Structure*>(data_of(array)), array.shape(0)};
}

// The numbers of a vector as an array of a shape, without a copy.
template <typename T, typename Vector>
NewArray<T> own(Vector values, std::initializer_list<std::size_t> shape) {
    auto* kept = new Vector(std::move(values));
    nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<Vector*>(p); });
    return NewArray<T>(reinterpret_cast<T*>(kept->data()), shape, owner);
}

}  // namespace selfsame::python
