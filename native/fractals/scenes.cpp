#include "fractals/scenes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "core/bounded.hpp"
#include "ifs/patterns.hpp"

namespace selfsame::fractals {

namespace {

constexpr int kHues = 256;     // steps of a fractal's colours, from its rarest pixels to its most frequent
constexpr int kLevels = 1024;  // entries of the table of colours for heights; finer than bytes can show
constexpr double kLowest = -1, kHighest = 2;  // heights beyond these take the colour of the end

// A number of [-1, 1).
float signed_share(ifs::Stream& stream) {
    return static_cast<float>(static_cast<double>(static_cast<std::int64_t>(stream.next())) * 0x1p-63);
}

// Plot a system into a histogram with a border, (side + 2)², in a part of its bounding box.
void plot_fractal(const Fractals& fractals, std::size_t k, std::uint64_t seed, ifs::Population& population,
                  Row<std::uint32_t> out) {
    ifs::Stream stream(seed, static_cast<std::uint64_t>(fractals.streams[k]));
    ifs::System system(fractals.systems, k);
    system.settle(0, population, stream);
    const auto [x_min, y_min, x_max, y_max] = ifs::fitted(population, system.game(), 0, 0, stream);
    const auto window = fractals.windows.row(k);
    const double width = (x_max - x_min) * window[2], height = (y_max - y_min) * window[3];
    const double x = (x_min + x_max) / 2 + window[0] * (x_max - x_min);
    const double y = (y_min + y_max) / 2 + window[1] * (y_max - y_min);
    const int side = static_cast<int>(fractals.places(k, 2));
    const ifs::View view{x - width / 2, y - height / 2, x + width / 2, y + height / 2};
    system.plot(view, side, side, static_cast<std::uint64_t>(fractals.points[k]), population, stream, out);
}

// Mirror a picture of pixels of so many bytes.
void flip(Row<std::uint8_t> picture, int height, int width, int bytes, std::int64_t flips) {
    const std::size_t stride = static_cast<std::size_t>(width) * bytes;
    for (int y = 0; flips & 1 && y < height; ++y) {
        std::uint8_t* row = picture.part(y * stride, stride).data();
        for (int x = 0; x < width / 2; ++x) {
            std::swap_ranges(row + x * bytes, row + (x + 1) * bytes, row + (width - 1 - x) * bytes);
        }
    }
    for (int y = 0; flips & 2 && y < height / 2; ++y) {
        const auto upper = picture.part(y * stride, stride), lower = picture.part((height - 1 - y) * stride, stride);
        std::swap_ranges(upper.begin(), upper.end(), lower.begin());
    }
}

// Call put(point's place, pixel's place) for every pixel that a point of picture k stamps.
template <typename Put>
void for_stamps(const Stamps& stamps, std::size_t k, const Put& put) {
    const auto cells = stamps.points.row(static_cast<std::size_t>(stamps.sources[k]));
    const auto width = static_cast<std::size_t>(stamps.width);
    const auto put_row = [&](int y, int x, int from_y, int from_x, int count) {
        const std::size_t pixel = y * width + x, from = from_y * width + from_x;
        for (int i = 0; i < count; ++i) {
            if (cells[from + i]) {
                put(from + i, pixel + i);
            }
        }
    };
    ifs::for_moves(stamps.patterns[k], stamps.height, stamps.width, put_row);
}

}  // namespace

Rgb color_of(double hue, double saturation, double value) {
    const double sector = 6 * (hue - std::floor(hue));
    Rgb color;
    for (int channel = 0; channel < 3; ++channel) {
        // Each channel is full for a third of the circle: red around 0, green 2, blue 4 of 6.
        const double away = std::abs(sector - 2.0 * channel);
        const double fullness = std::clamp(2 - std::min(away, 6 - away), 0.0, 1.0);
        const double byte = 255 * value * (1 - saturation * (1 - fullness)) + 0.5;
        color[channel] = static_cast<std::uint8_t>(bounded(byte, 0.0, 255.0));
    }
    return color;
}

void surface(Grid<float> heights, double decay, ifs::Stream stream) {
    const int last = static_cast<int>(heights.height()) - 1;
    for (int y = 0; y <= last; y += last) {
        for (int x = 0; x <= last; x += last) {
            heights(y, x) = 0.5f + 0.5f * signed_share(stream);
        }
    }
    float amplitude = 0.5f;
    const auto fade = static_cast<float>(std::exp(-decay));
    for (int step = last; step > 1; step /= 2, amplitude *= fade) {
        const int half = step / 2;
        for (int y = half; y < last; y += step) {
            for (int x = half; x < last; x += step) {
                const float mean = (heights(y - half, x - half) + heights(y - half, x + half) +
                                    heights(y + half, x - half) + heights(y + half, x + half)) * 0.25f;
                heights(y, x) = mean + amplitude * signed_share(stream);
            }
        }
        for (int y = 0; y <= last; y += half) {
            const int above = y > 0 ? y - half : last - half, below = y < last ? y + half : half;
            for (int x = y / half % 2 == 0 ? half : 0; x <= last; x += step) {
                const int left = x > 0 ? x - half : last - half, right = x < last ? x + half : half;
                const float mean = (heights(above, x) + heights(below, x) + heights(y, left) + heights(y, right)) *
                                   0.25f;
                heights(y, x) = mean + amplitude * signed_share(stream);
            }
        }
    }
}

void paint_surface(Grid<const float> heights, Row<const double> colors, Picture picture) {
    std::array<Rgb, kLevels> table;
    for (int k = 0; k < kLevels; ++k) {
        const double height = kLowest + (kHighest - kLowest) * k / (kLevels - 1);
        const auto share = [&](int i) { return std::clamp(colors[i] * height + colors[i + 1], 0.0, 1.0); };
        table[k] = color_of(colors[0] * height + colors[1], share(2), share(4));
    }
    constexpr auto kScale = static_cast<float>((kLevels - 1) / (kHighest - kLowest));
    for (int y = 0; y < picture.side; ++y) {
        for (int x = 0; x < picture.side; ++x) {
            const float place = (heights(y, x) - static_cast<float>(kLowest)) * kScale + 0.5f;
            picture.put(y, x, table[static_cast<int>(bounded(place, 0.0f, kLevels - 1.0f))]);
        }
    }
}

void count_stamps(Grid<const std::uint32_t> cells, std::int64_t pattern, Grid<std::uint32_t> out) {
    const int side = static_cast<int>(out.height());
    for (int y = 0; y < side; ++y) {
        std::ranges::fill(out.row(y), 0u);
    }
    ifs::for_moves(pattern, side, side, [&](int y, int x, int from_y, int from_x, int count) {
        const std::uint32_t* row = cells.row(from_y + 1).part(from_x + 1, count).data();
        std::uint32_t* target = out.row(y).part(x, count).data();
        for (int k = 0; k < count; ++k) {
            target[k] += row[k];
        }
    });
}

void paste(Grid<const std::uint32_t> stamps, Row<const std::int64_t> place, std::int64_t turn,
           Row<const double> color, Picture picture) {
    std::array<Rgb, kHues> table;
    for (int i = 0; i < kHues; ++i) {
        table[i] = color_of(color[0] + static_cast<double>(i) / kHues, color[1], color[2]);
    }
    const int size = static_cast<int>(stamps.height()), side = picture.side;
    std::uint32_t most = 1;
    for (int y = 0; y < size; ++y) {
        for (const std::uint32_t count : stamps.row(y)) {
            most = std::max(most, count);
        }
    }
    const float scale = static_cast<float>(kHues - 1) / static_cast<float>(most);
    const int left = static_cast<int>(place[0]), top = static_cast<int>(place[1]);
    for (int i = std::max(0, -top); i < std::min(size, side - top); ++i) {
        const int from_i = turn & 4 ? size - 1 - i : i;
        for (int j = std::max(0, -left); j < std::min(size, side - left); ++j) {
            const int from_j = turn & 2 ? size - 1 - j : j;
            const std::uint32_t count = turn & 1 ? stamps(from_j, from_i) : stamps(from_i, from_j);
            if (count > 0) {
                picture.put(top + i, left + j, table[static_cast<int>(static_cast<float>(count) * scale)]);
            }
        }
    }
}

void blur(Picture picture, double sigma) {
    const int side = picture.side;
    const auto weight = static_cast<float>(std::exp(-0.5 / (sigma * sigma)));
    const float inner = 1 / (1 + 2 * weight), outer = weight * inner;
    const auto mirrored = [side](int place) {
        return side == 1 ? 0 : place < 0 ? -place : place < side ? place : 2 * side - 2 - place;
    };
    std::vector<float> rows(static_cast<std::size_t>(side) * side * 3);
    for (int y = 0; y < side; ++y) {
        const std::uint8_t *above = picture.row(mirrored(y - 1)), *here = picture.row(y),
                           *below = picture.row(mirrored(y + 1));
        float* target = &rows[static_cast<std::size_t>(y) * side * 3];
        for (int i = 0; i < side * 3; ++i) {
            const float ends = static_cast<float>(above[i]) + static_cast<float>(below[i]);
            target[i] = inner * static_cast<float>(here[i]) + outer * ends;
        }
    }
    for (int y = 0; y < side; ++y) {
        const float* row = &rows[static_cast<std::size_t>(y) * side * 3];
        std::uint8_t* target = picture.row(y);
        for (int x = 0; x < side; ++x) {
            const int left = 3 * mirrored(x - 1), right = 3 * mirrored(x + 1);
            for (int c = 0; c < 3; ++c) {
                const float value = inner * row[3 * x + c] + outer * (row[left + c] + row[right + c]);
                target[3 * x + c] = static_cast<std::uint8_t>(bounded(value + 0.5f, 0.0f, 255.0f));
            }
        }
    }
}

void paint_scenes(std::uint64_t seed, const Scenes& scenes, const Fractals& fractals, const ifs::Field& field,
                  const ifs::Field& ancestors, int side, Grid<std::uint8_t> out) {
    const std::size_t extent = std::bit_ceil(static_cast<unsigned>(side)) + 1;
    std::vector<float> memory(extent * extent);
    const Grid<float> heights(memory.data(), extent, extent);
    std::int64_t most = 1;
    for (std::size_t k = 0; k < fractals.places.height(); ++k) {
        most = std::max(most, fractals.places(k, 2));
    }
    std::vector<std::uint32_t> histogram((most + 2) * (most + 2)), counts(most * most);
    ifs::Population population(field, ancestors, fractals.systems.trees.width());
    for (std::size_t i = 0; i < out.height(); ++i) {
        const Picture picture{out.row(i), side};
        if (scenes.background_streams[i] >= 0) {
            const ifs::Stream stream(seed, static_cast<std::uint64_t>(scenes.background_streams[i]));
            surface(heights, scenes.decays[i], stream);
            paint_surface({memory.data(), extent, extent}, scenes.background_colors.row(i), picture);
        } else {
            std::ranges::fill(picture.bytes, std::uint8_t(0));
        }
        for (auto k = static_cast<std::size_t>(scenes.bounds[i]); k < static_cast<std::size_t>(scenes.bounds[i + 1]);
             ++k) {
            const auto size = static_cast<std::size_t>(fractals.places(k, 2));
            const Row<std::uint32_t> cells(histogram.data(), (size + 2) * (size + 2));
            plot_fractal(fractals, k, seed, population, cells);
            const Grid<std::uint32_t> stamps(counts.data(), size, size);
            count_stamps({histogram.data(), size + 2, size + 2}, fractals.patterns[k], stamps);
            paste({counts.data(), size, size}, fractals.places.row(k), fractals.turns[k],
                  fractals.colors.row(k), picture);
        }
        if (scenes.blurs[i] > 0) {
            blur(picture, scenes.blurs[i]);
        }
    }
}

void stamp(const Stamps& stamps, std::uint8_t white, Grid<std::uint8_t> out) {
    for (std::size_t k = 0; k < out.height(); ++k) {
        const auto picture = out.row(k);
        std::ranges::fill(picture, std::uint8_t(0));
        for_stamps(stamps, k, [&](std::size_t, std::size_t pixel) { picture[pixel] = white; });
        flip(picture, stamps.height, stamps.width, 1, stamps.flips[k]);
    }
}

void stamp_colors(const Stamps& stamps, std::uint64_t seed, Row<const std::int64_t> streams,
                  Grid<std::uint8_t> out) {
    std::array<Rgb, 128> palette;
    for (int k = 0; k < 128; ++k) {
        palette[k] = color_of(k / 128.0, 0.75, 0.75);
    }
    for (std::size_t k = 0; k < out.height(); ++k) {
        const auto picture = out.row(k);
        std::ranges::fill(picture, std::uint8_t(0));
        const std::uint64_t key = ifs::Stream(seed, static_cast<std::uint64_t>(streams[k])).key();
        for_stamps(stamps, k, [&](std::size_t from, std::size_t pixel) {
            std::ranges::copy(palette[ifs::mix64(key + from) >> 57], picture.part(3 * pixel, 3).begin());
        });
        flip(picture, stamps.height, stamps.width, 3, stamps.flips[k]);
    }
}

}  // namespace selfsame::fractals
