#include "ifs/splat.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/clones.hpp"
#include "core/parallel.hpp"

namespace selfsame::ifs {

namespace {

// One axis of one point: the pixels [first, first + count) that it covers, and the Gaussians there.
template <typename T>
struct Window {
    explicit Window(const Kernel& kernel)
        : gaussian(static_cast<std::size_t>(2 * kernel.radius) + 3), offset(gaussian.size()) {}

    // By the recurrence g(t + 1) = g(t) r(t), r(t + 1) = r(t) exp(-2 / sigma): two exponentials instead of one a
    // pixel. `offset` is pixel centre minus position.
    void set(T position, int limit, const Kernel& kernel) {
        first = static_cast<int>(std::max(0.0, std::ceil(position - kernel.radius - 0.5)));
        const int last = static_cast<int>(
            std::min<double>(limit, std::floor(position + kernel.radius - 0.5) + 1));
        count = std::max(0, last - first);
        const double start = first + 0.5 - position, sigma = kernel.sigma;
        double g = std::exp(-start * start / sigma), r = std::exp(-(2 * start + 1) / sigma);
        const double q = std::exp(-2 / sigma);
        for (int k = 0; k < count; ++k) {
            gaussian[k] = static_cast<T>(g);
            offset[k] = static_cast<T>(start + k);
            g *= r;
            r *= q;
        }
    }

    std::vector<T> gaussian, offset;
    int first = 0, count = 0;
};

template <typename T>
bool is_near(T x, T y, const Kernel& kernel) {
    return -kernel.radius < x && x < kernel.width + kernel.radius && -kernel.radius < y &&
           y < kernel.height + kernel.radius;
}

template <typename T>
inline void splat_cloud(Row<const T> points, Row<const T> values, int channels, const Kernel& kernel,
                        Row<T> image) {
    Window<T> across(kernel), down(kernel);
    const std::size_t plane = static_cast<std::size_t>(kernel.height) * kernel.width;
    for (std::size_t p = 0; p < points.size() / 2; ++p) {
        const T x = points[2 * p], y = points[2 * p + 1];
        if (!is_near(x, y, kernel)) {
            continue;
        }
        across.set(x, kernel.width, kernel);
        down.set(y, kernel.height, kernel);
        for (int c = 0; c < channels; ++c) {
            for (int i = 0; i < down.count; ++i) {
                const T weight = values[p * channels + c] * down.gaussian[i];
                const std::size_t start =
                    c * plane + static_cast<std::size_t>(down.first + i) * kernel.width + across.first;
                T* row = image.part(start, across.count).data();
                for (int j = 0; j < across.count; ++j) {
                    row[j] += weight * across.gaussian[j];
                }
            }
        }
    }
}

template <typename T>
inline void gradient_of_cloud(Row<const T> points, Row<const T> values, int channels, const Kernel& kernel,
                              Row<const T> image, Row<T> grad_points, Row<T> grad_values) {
    Window<T> across(kernel), down(kernel);
    const std::size_t plane = static_cast<std::size_t>(kernel.height) * kernel.width;
    const T factor = static_cast<T>(2 / kernel.sigma);
    for (std::size_t p = 0; p < points.size() / 2; ++p) {
        const T x = points[2 * p], y = points[2 * p + 1];
        if (!is_near(x, y, kernel)) {
            continue;
        }
        across.set(x, kernel.width, kernel);
        down.set(y, kernel.height, kernel);
        T gradient_x = 0, gradient_y = 0;
        for (int c = 0; c < channels; ++c) {
            T total = 0, along_x = 0, along_y = 0;
            for (int i = 0; i < down.count; ++i) {
                const std::size_t start =
                    c * plane + static_cast<std::size_t>(down.first + i) * kernel.width + across.first;
                const T* row = image.part(start, across.count).data();
                T plain = 0, moment = 0;
                for (int j = 0; j < across.count; ++j) {
                    const T term = row[j] * across.gaussian[j];
                    plain += term;
                    moment += term * across.offset[j];
                }
                total += down.gaussian[i] * plain;
                along_x += down.gaussian[i] * moment;
                along_y += down.gaussian[i] * down.offset[i] * plain;
            }
            grad_values[p * channels + c] = total;
            gradient_x += values[p * channels + c] * along_x;
            gradient_y += values[p * channels + c] * along_y;
        }
        grad_points[2 * p] = gradient_x * factor;
        grad_points[2 * p + 1] = gradient_y * factor;
    }
}

// One entry for each type: clones of templates are not made.
SELFSAME_CLONES
void splat_one(const Clouds<const float>& clouds, const Kernel& kernel, std::size_t b, Grid<float> images) {
    splat_cloud(clouds.points.row(b), clouds.values.row(b), clouds.channels, kernel, images.row(b));
}
SELFSAME_CLONES
void splat_one(const Clouds<const double>& clouds, const Kernel& kernel, std::size_t b, Grid<double> images) {
    splat_cloud(clouds.points.row(b), clouds.values.row(b), clouds.channels, kernel, images.row(b));
}
SELFSAME_CLONES
void gradient_of_one(const Clouds<const float>& clouds, const Kernel& kernel, std::size_t b,
                     Grid<const float> images, const Clouds<float>& gradients) {
    gradient_of_cloud(clouds.points.row(b), clouds.values.row(b), clouds.channels, kernel, images.row(b),
                      gradients.points.row(b), gradients.values.row(b));
}
SELFSAME_CLONES
void gradient_of_one(const Clouds<const double>& clouds, const Kernel& kernel, std::size_t b,
                     Grid<const double> images, const Clouds<double>& gradients) {
    gradient_of_cloud(clouds.points.row(b), clouds.values.row(b), clouds.channels, kernel, images.row(b),
                      gradients.points.row(b), gradients.values.row(b));
}

}  // namespace

template <typename T>
void splat(const Clouds<const T>& clouds, const Kernel& kernel, Grid<T> images, int threads) {
    using One = void(const Clouds<const T>&, const Kernel&, std::size_t, Grid<T>);
    parallel_for(threads, images.height(),
                 [&](std::size_t b) { dispatched<One>(splat_one)(clouds, kernel, b, images); });
}
template void splat(const Clouds<const float>&, const Kernel&, Grid<float>, int);
template void splat(const Clouds<const double>&, const Kernel&, Grid<double>, int);

template <typename T>
void splat_gradient(const Clouds<const T>& clouds, const Kernel& kernel, Grid<const T> images,
                    const Clouds<T>& gradients, int threads) {
    using One = void(const Clouds<const T>&, const Kernel&, std::size_t, Grid<const T>, const Clouds<T>&);
    parallel_for(threads, images.height(), [&](std::size_t b) {
        dispatched<One>(gradient_of_one)(clouds, kernel, b, images, gradients);
    });
}
template void splat_gradient(const Clouds<const float>&, const Kernel&, Grid<const float>, const Clouds<float>&,
                             int);
template void splat_gradient(const Clouds<const double>&, const Kernel&, Grid<const double>,
                             const Clouds<double>&, int);

}  // namespace selfsame::ifs
