#include "pifs/compose.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/clones.hpp"
#include "core/parallel.hpp"

namespace selfsame::pifs {

namespace {

constexpr std::size_t kShareRows = 16;

// A value centred on 0 as a sample of the picture.
template <typename Sample>
inline Sample sample(float value) {
    const float unit = std::clamp((value + 128) * (1.0f / 255), 0.0f, 1.0f);
    if constexpr (std::is_same_v<Sample, float>) {
        return unit;
    } else {
        // The sum rounds to the nearest whole number, and to even ones, as NumPy's rint: it stands in the
        // lowest bits then.
        return static_cast<Sample>(std::bit_cast<std::uint32_t>(unit * 255 + 0x1.8p23f));
    }
}

// Fill a row with row i, from column j on, of a plane enlarged 2:1; its edges are repeated. An even pixel
// 2 q lies a quarter of a pixel before the centre of pixel q of the plane, an odd one as much behind.
inline void doubled_row(const Window& plane, int i, int j, int count, float* row) {
    constexpr float kNear = 0.75f, kFar = 0.25f;
    const int a = i >> 1, b = std::clamp(a + (i & 1 ? 1 : -1), 0, plane.height - 1);
    const auto near_row = plane.values.row(a - plane.top), far_row = plane.values.row(b - plane.top);
    const int last = plane.width - 1 - plane.left;
    for (int k = 0; k < count; ++k) {
        const int c = ((j + k) >> 1) - plane.left;
        const int d = std::min(std::max(c + plane.left + ((j + k) & 1 ? 1 : -1), 0) - plane.left, last);
        const float at_c = kNear * near_row[c] + kFar * far_row[c];
        const float at_d = kNear * near_row[d] + kFar * far_row[d];
        row[k] = kNear * at_c + kFar * at_d;
    }
}

inline const float* plain_row(const Window& plane, int i, int j, int count) {
    return plane.values.row(i - plane.top).part(j - plane.left, count).data();
}

template <typename Sample>
inline void color_row(const float* y, const float* cb, const float* cr, int count, int channels,
                      Sample* out) {
    for (int j = 0; j < count; ++j) {
        Sample* pixel = out + std::size_t(j) * channels;
        pixel[0] = sample<Sample>(y[j] + 1.402f * cr[j]);
        pixel[1] = sample<Sample>(y[j] - (0.344136286f * cb[j] + 0.714136286f * cr[j]));
        pixel[2] = sample<Sample>(y[j] + 1.772f * cb[j]);
    }
}

template <typename Sample>
inline void compose_rows(std::span<const Window> windows, bool half_chroma, int top, int left, int channels,
                         Grid<Sample> out, std::size_t first, std::size_t end) {
    const int width = static_cast<int>(out.width()) / channels;
    std::vector<float> cb(width), cr(width);
    for (std::size_t i = first; i < end; ++i) {
        const int line = top + static_cast<int>(i);
        const float* y = plain_row(windows[0], line, left, width);
        Sample* target = out.row(i).data();
        if (windows.size() == 1) {
            for (int j = 0; j < width; ++j) {
                target[std::size_t(j) * channels] = sample<Sample>(y[j]);
            }
        } else if (half_chroma) {
            doubled_row(windows[1], line, left, width, cb.data());
            doubled_row(windows[2], line, left, width, cr.data());
            color_row(y, cb.data(), cr.data(), width, channels, target);
        } else {
            color_row(y, plain_row(windows[1], line, left, width),
                      plain_row(windows[2], line, left, width), width, channels, target);
        }
    }
}

// Clones cannot be templates.
SELFSAME_CLONES
void compose_share(std::span<const Window> windows, bool half_chroma, int top, int left, int channels,
                   Grid<float> out, std::size_t first, std::size_t end) {
    compose_rows(windows, half_chroma, top, left, channels, out, first, end);
}

SELFSAME_CLONES
void compose_share_of_bytes(std::span<const Window> windows, bool half_chroma, int top, int left, int channels,
                            Grid<std::uint8_t> out, std::size_t first, std::size_t end) {
    compose_rows(windows, half_chroma, top, left, channels, out, first, end);
}

}  // namespace

template <typename Sample>
void compose(std::span<const Window> windows, bool half_chroma, int top, int left, int channels,
             Grid<Sample> out, int threads) {
    check(windows.size() == 1 || windows.size() == 3);
    check(channels >= static_cast<int>(windows.size()) && out.width() % channels == 0);
    parallel_for(threads, (out.height() + kShareRows - 1) / kShareRows, [&](std::size_t share) {
        const std::size_t first = share * kShareRows, end = std::min(first + kShareRows, out.height());
        if constexpr (std::is_same_v<Sample, float>) {
            dispatched(compose_share)(windows, half_chroma, top, left, channels, out, first, end);
        } else {
            dispatched(compose_share_of_bytes)(windows, half_chroma, top, left, channels, out, first, end);
        }
    });
}

template void compose(std::span<const Window>, bool, int, int, int, Grid<float>, int);
template void compose(std::span<const Window>, bool, int, int, int, Grid<std::uint8_t>, int);

}  // namespace selfsame::pifs
