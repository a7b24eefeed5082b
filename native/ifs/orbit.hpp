// Orbits under given index sequences, and their gradients; see ifs/fit/orbit.py. Source: Tu et al. 2023,
// algorithm 1.
#pragma once

#include <cstdint>

#include "core/grid.hpp"

namespace selfsame::ifs {

inline constexpr int kMostDimensions = 8;

// B systems of N maps in d dimensions, and S sequences of T choices for each.
template <typename T>
struct Orbits {
    int maps, sequences, steps, dimension;
    Grid<const T> matrices;             // (B, N · d · d)
    Grid<const std::int64_t> indices;   // (B, S · T)
    Grid<const T> start;                // (B, d)
};

// Write the orbits, (B, S · T · d); offsets are (B, N · d).
template <typename T>
void follow(const Orbits<T>& orbits, Grid<const T> offsets, Grid<T> points, int threads);

// Add the gradients of matrices and offsets, given that of the points, by the adjoint recurrence.
template <typename T>
void follow_back(const Orbits<T>& orbits, Grid<const T> points, Grid<const T> gradients, Grid<T> grad_matrices,
                 Grid<T> grad_offsets, int threads);

}  // namespace selfsame::ifs
