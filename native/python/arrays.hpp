// NumPy arrays in and out.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <initializer_list>
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

template <typename T>
Row<T> row(const nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>& array) {
    return {array.data(), array.shape(0)};
}

template <typename T>
Grid<T> grid(const nb::ndarray<T, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>& array) {
    return {array.data(), array.shape(0), array.shape(1)};
}

// An array of three dimensions with the last two taken as one.
template <typename T>
Grid<T> flat(const nb::ndarray<T, nb::numpy, nb::ndim<3>, nb::c_contig, nb::device::cpu>& array) {
    return {array.data(), array.shape(0), array.shape(1) * array.shape(2)};
}

// The numbers of a vector as an array of a shape, without a copy.
template <typename T, typename Vector>
NewArray<T> own(Vector values, std::initializer_list<std::size_t> shape) {
    auto* kept = new Vector(std::move(values));
    nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<Vector*>(p); });
    return NewArray<T>(reinterpret_cast<T*>(kept->data()), shape, owner);
}

}  // namespace selfsame::python
