#include "mosaic/drawing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/blocks.hpp"
#include "core/bounded.hpp"
#include "core/clones.hpp"
#include "core/parallel.hpp"

namespace selfsame::mosaic {

namespace {

constexpr int kMaxDepth = 64;  // patches within patches of one sample; the frame's pixels need a few
constexpr int kMostChannels = 3;

// Paint row i of a patch.
template <int kChannels>
inline void paint_row(std::uint8_t* target, int i, int isometry, const float* base, const float* map,
                      Picture<const std::uint8_t> copy) {
    const int height = copy.height(), width = copy.width();
    const auto v = static_cast<float>((i + 0.5) / height - 0.5);
    for (int j = 0; j < width; ++j) {
        std::int64_t a = i, b = j;
        if (isometry & kTranspose) {
            // Copies that are not square are stretched: a turned row runs down a column.
            a = static_cast<std::int64_t>(j) * height / width;
            b = static_cast<std::int64_t>(i) * width / height;
        }
        a = isometry & kMirrorRows ? height - 1 - a : a;
        b = isometry & kMirrorColumns ? width - 1 - b : b;
        const std::uint8_t* color = copy.pixels.data() + (a * width + b) * kChannels;
        const float u = (static_cast<float>(j) + 0.5f) / static_cast<float>(width) - 0.5f;
        for (int c = 0; c < kChannels; ++c) {
            float value = base[c] + u * base[kChannels + c] + v * base[2 * kChannels + c];
            for (int d = 0; d < kChannels; ++d) {
                value += map[c * kChannels + d] * static_cast<float>(color[d]);
            }
            target[j * kChannels + c] = static_cast<std::uint8_t>(bounded(value + 0.5f, 0.0f, 255.0f));
        }
    }
}

SELFSAME_CLONES
void paint_patch(Picture<std::uint8_t> band, std::int64_t first, const Places& places, std::size_t k,
                 Picture<const std::uint8_t> copy) {
    const std::int64_t top = places.corners(k, 0) - first, left = places.corners(k, 1);
    const float *base = places.base.row(k).data(), *map = places.maps.row(k).data();
    const std::int64_t end = std::min<std::int64_t>(copy.height(), band.height() - top);
    for (std::int64_t i = std::max<std::int64_t>(0, -top); i < end; ++i) {
        std::uint8_t* target =
            band.pixels.row(top + i).part(left * copy.channels, copy.pixels.width()).data();
        if (copy.channels == 3) {
            paint_row<3>(target, static_cast<int>(i), places.isometries[k], base, map, copy);
        } else {
            paint_row<1>(target, static_cast<int>(i), places.isometries[k], base, map, copy);
        }
    }
}

using Color = std::array<double, kMostChannels>;

// Add `share` times one level's colour at an address in [0, 1], bilinear.
inline void read(const Address& address, std::size_t level, double u, double v, double share, int channels,
                 Color& color) {
    const std::int64_t offset = address.levels(level, 0);
    const std::int64_t height = address.levels(level, 1), width = address.levels(level, 2);
    const double x = bounded(u * static_cast<double>(width) - 0.5, 0.0, static_cast<double>(width - 1));
    const double y = bounded(v * static_cast<double>(height) - 0.5, 0.0, static_cast<double>(height - 1));
    const auto j = static_cast<std::int64_t>(x), i = static_cast<std::int64_t>(y);
    const std::int64_t right = std::min(j + 1, width - 1), below = std::min(i + 1, height - 1);
    const double fx = x - static_cast<double>(j), fy = y - static_cast<double>(i);
    const auto pixel = [&](std::int64_t row, std::int64_t column) {
        return address.stored.row(offset + row * width + column).data();
    };
    const float *a = pixel(i, j), *b = pixel(i, right), *c = pixel(below, j), *d = pixel(below, right);
    for (int k = 0; k < channels; ++k) {
        const double above = a[k] * (1 - fx) + b[k] * fx, under = c[k] * (1 - fx) + d[k] * fx;
        color[k] += share * (above * (1 - fy) + under * fy);
    }
}

// The colour at an address; `reach` is the width of a sample there.
Color sample(double u, double v, double reach, int gate, const Address& address, int channels) {
    struct Step {
        std::size_t patch;
        double x, y;
    };
    std::array<Step, kMaxDepth> path;
    const auto finest = static_cast<int>(address.patch_map.height());
    const auto widest = static_cast<double>(address.levels(0, 2));
    int depth = 0;
    bool is_inside = false;
    // Edges between the patches of the frame (or of the gate, which becomes the frame) are sampled here; the
    // stored rendering has only pixels.
    while (depth < kMaxDepth && (reach * widest < 1 || (!is_inside && reach * finest < 1))) {
        const auto place = [finest](double t) { return static_cast<int>(bounded(t * finest, 0.0, finest - 1.0)); };
        const std::int32_t patch = address.patch_map(place(v), place(u));
        const double top = address.rects(patch, 0), left = address.rects(patch, 1);
        const double side = address.rects(patch, 2) - top;
        u = (u - left) / side, v = (v - top) / side;
        reach /= side;
        is_inside = patch != gate;
        const bool is_gate = depth == 0 && patch == gate;
        path[depth++] = {is_gate ? address.rects.height() : static_cast<std::size_t>(patch), u - 0.5, v - 0.5};
        const int isometry = address.isometries[patch];
        if (isometry & kTranspose) {
            std::swap(u, v);
        }
        u = isometry & kMirrorColumns ? 1 - u : u;
        v = isometry & kMirrorRows ? 1 - v : v;
    }
    const std::size_t last = address.levels.height() - 1;
    const double blur = bounded(std::log2(reach * widest), 0.0, static_cast<double>(last));
    const auto level = static_cast<std::size_t>(blur);
    const double part = blur - static_cast<double>(level);
    Color color{};
    read(address, level, u, v, 1 - part, channels, color);
    read(address, std::min(level + 1, last), u, v, part, channels, color);
    while (depth > 0) {
        const auto& [patch, x, y] = path[--depth];
        const double *base = address.base.row(patch).data(), *map = address.maps.row(patch).data();
        const Color before = color;
        for (int c = 0; c < channels; ++c) {
            double value = base[c] + x * base[channels + c] + y * base[2 * channels + c];
            for (int d = 0; d < channels; ++d) {
                value += map[c * channels + d] * before[d];
            }
            color[c] = bounded(value, 0.0, 1.0);
        }
    }
    return color;
}

}  // namespace

void paint(Picture<std::uint8_t> band, std::int64_t first, const Places& places,
           Picture<const std::uint8_t> copy, int threads) {
    parallel_for(threads, places.corners.height(),
                 [&](std::size_t k) { dispatched(paint_patch)(band, first, places, k, copy); });
}

void view(Picture<std::uint8_t> frame, const Window& window, const Address& address, int samples, int threads) {
    const int width = frame.width(), height = frame.height(), channels = frame.channels;
    check(channels <= kMostChannels);
    const double reach = window.extent / (width * samples);
    parallel_for(threads, height, [&](std::size_t i) {
        std::uint8_t* target = frame.pixels.row(i).data();
        for (int j = 0; j < width; ++j) {
            Color total{};
            for (int a = 0; a < samples; ++a) {
                const double v = window.top + window.extent * (static_cast<double>(i) + (a + 0.5) / samples) / height;
                for (int b = 0; b < samples; ++b) {
                    const double u = window.left + window.extent * (j + (b + 0.5) / samples) / width;
                    const Color color = sample(u, v, reach, window.gate, address, channels);
                    for (int c = 0; c < channels; ++c) {
                        total[c] += color[c];
                    }
                }
            }
            for (int c = 0; c < channels; ++c) {
                const double mean = bounded(total[c] / (samples * samples), 0.0, 1.0);
                target[j * channels + c] = static_cast<std::uint8_t>(255 * mean + 0.5);
            }
        }
    });
}

}  // namespace selfsame::mosaic
