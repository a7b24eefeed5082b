// Splatting: a weighted point cloud becomes a sum of Gaussians on the pixel grid, and its gradient comes back;
// see ifs/render/splat.py. Source: Tu et al. 2023, eq. 7.
#pragma once

#include "core/grid.hpp"

namespace selfsame::ifs {

// B clouds of P points with values in C channels.
template <typename T>
struct Clouds {
    Grid<T> points;  // (B, P · 2): column and row in pixels
    Grid<T> values;  // (B, P · C)
    int channels;
};

// The Gaussians exp(-d² / sigma), dropped beyond `radius`, of pictures (B, C, H, W).
struct Kernel {
    double sigma, radius;
    int height, width;
};

// Add to images, (B, C · H · W), the sum of each cloud's Gaussians.
template <typename T>
void splat(const Clouds<const T>& clouds, const Kernel& kernel, Grid<T> images, int threads);

// Write the gradients of points and values, given that of the images.
template <typename T>
void splat_gradient(const Clouds<const T>& clouds, const Kernel& kernel, Grid<const T> images,
                    const Clouds<T>& gradients, int threads);

}  // namespace selfsame::ifs
