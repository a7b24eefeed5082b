#include "ifs/orbit.hpp"

#include <algorithm>
#include <array>

#include "core/parallel.hpp"

namespace selfsame::ifs {

template <typename T>
void follow(const Orbits<T>& orbits, Grid<const T> offsets, Grid<T> points, int threads) {
    const int d = orbits.dimension;
    check(d <= kMostDimensions);
    parallel_for(threads, points.height(), [&](std::size_t item) {
        const auto matrices = orbits.matrices.row(item), own = offsets.row(item), start = orbits.start.row(item);
        const auto indices = orbits.indices.row(item);
        std::array<T, kMostDimensions> x{};
        for (int s = 0; s < orbits.sequences; ++s) {
            std::copy_n(start.data(), d, x.data());
            for (int t = 0; t < orbits.steps; ++t) {
                const std::size_t place = static_cast<std::size_t>(s) * orbits.steps + t;
                const auto i = static_cast<std::size_t>(indices[place]);
                check(i < static_cast<std::size_t>(orbits.maps));
                const T *matrix = matrices.part(i * d * d, d * d).data(), *offset = own.part(i * d, d).data();
                T* point = points.row(item).part(place * d, d).data();
                for (int r = 0; r < d; ++r) {
                    T total = offset[r];
                    for (int c = 0; c < d; ++c) {
                        total += matrix[r * d + c] * x[c];
                    }
                    point[r] = total;
                }
                std::copy_n(point, d, x.data());
            }
        }
    });
}
template void follow(const Orbits<float>&, Grid<const float>, Grid<float>, int);
template void follow(const Orbits<double>&, Grid<const double>, Grid<double>, int);

template <typename T>
void follow_back(const Orbits<T>& orbits, Grid<const T> points, Grid<const T> gradients, Grid<T> grad_matrices,
                 Grid<T> grad_offsets, int threads) {
    const int d = orbits.dimension;
    check(d <= kMostDimensions);
    parallel_for(threads, points.height(), [&](std::size_t item) {
        const auto matrices = orbits.matrices.row(item), start = orbits.start.row(item);
        const auto own = points.row(item), above = gradients.row(item);
        const auto indices = orbits.indices.row(item);
        for (int s = 0; s < orbits.sequences; ++s) {
            std::array<T, kMostDimensions> g{}, pulled{};
            for (int t = orbits.steps - 1; t >= 0; --t) {
                const std::size_t place = static_cast<std::size_t>(s) * orbits.steps + t;
                const auto i = static_cast<std::size_t>(indices[place]);
                check(i < static_cast<std::size_t>(orbits.maps));
                const T* before = t > 0 ? own.part((place - 1) * d, d).data() : start.data();
                const T *matrix = matrices.part(i * d * d, d * d).data(), *from = above.part(place * d, d).data();
                T* grad_matrix = grad_matrices.row(item).part(i * d * d, d * d).data();
                T* grad_offset = grad_offsets.row(item).part(i * d, d).data();
                for (int r = 0; r < d; ++r) {
                    g[r] = from[r] + pulled[r];
                }
                pulled.fill(0);
                for (int r = 0; r < d; ++r) {
                    grad_offset[r] += g[r];
                    for (int c = 0; c < d; ++c) {
                        grad_matrix[r * d + c] += g[r] * before[c];
                        pulled[c] += matrix[r * d + c] * g[r];
                    }
                }
            }
        }
    });
}
template void follow_back(const Orbits<float>&, Grid<const float>, Grid<const float>, Grid<float>, Grid<float>,
                          int);
template void follow_back(const Orbits<double>&, Grid<const double>, Grid<const double>, Grid<double>,
                          Grid<double>, int);

}  // namespace selfsame::ifs
