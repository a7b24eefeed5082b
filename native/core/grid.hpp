// Views of memory that check every index: rows (std::span cannot, before C++26) and grids.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace selfsame {

// Called for an index out of its bounds: a fault of this library, never of a file. Each build says
// what it does: Python's throws, the browser's traps, the fuzzers' stops.
[[noreturn]] void out_of_bounds();

inline void check(bool holds) {
    if (!holds) [[unlikely]] {
        out_of_bounds();
    }
}

// n numbers in a row.
template <typename T>
class Row {
public:
    Row() = default;
    Row(T* data, std::size_t size) : data_(data), size_(size) {}
    // A row to write to will do where one is read.
    operator Row<const T>() const requires(!std::is_const_v<T>) {
        return {data_, size_};
    }

    T& operator[](std::size_t i) const {
        check(i < size_);
        return data_[i];
    }
    // The part from `start` of `count` numbers.
    Row part(std::size_t start, std::size_t count) const {
        check(start <= size_ && count <= size_ - start);
        return {data_ + start, count};
    }
    T* data() const { return data_; }
    T* begin() const { return data_; }
    T* end() const { return data_ + size_; }
    std::size_t size() const { return size_; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

// height × width numbers, row by row, each row `stride` numbers behind the one above.
template <typename T>
class Grid {
public:
    Grid() = default;
    Grid(T* data, std::size_t height, std::size_t width) : Grid(data, height, width, width) {}
    Grid(T* data, std::size_t height, std::size_t width, std::size_t stride)
        : data_(data), height_(height), width_(width), stride_(stride) {}
    // A grid to write to will do where one is read.
    operator Grid<const T>() const requires(!std::is_const_v<T>) {
        return {data_, height_, width_, stride_};
    }

    T& operator()(std::size_t y, std::size_t x) const {
        check(y < height_ && x < width_);
        return data_[y * stride_ + x];
    }
    Row<T> row(std::size_t y) const {
        check(y < height_);
        return {data_ + y * stride_, width_};
    }
    // The part of `rows` × `columns` numbers from (y, x).
    Grid part(std::size_t y, std::size_t x, std::size_t rows, std::size_t columns) const {
        check(y <= height_ && rows <= height_ - y && x <= width_ && columns <= width_ - x);
        return {data_ + y * stride_ + x, rows, columns, stride_};
    }
    T* data() const { return data_; }
    std::size_t height() const { return height_; }
    std::size_t width() const { return width_; }

private:
    T* data_ = nullptr;
    std::size_t height_ = 0, width_ = 0, stride_ = 0;
};

template <typename T>
void copy(std::type_identity_t<Grid<const T>> from, Grid<T> to) {
    check(from.height() == to.height() && from.width() == to.width());
    for (std::size_t y = 0; y < to.height(); ++y) {
        std::copy_n(from.row(y).data(), to.width(), to.row(y).data());
    }
}

}  // namespace selfsame
