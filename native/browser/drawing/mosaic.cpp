#include "browser/drawing/mosaic.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "core/blocks.hpp"
#include "core/resize.hpp"
#include "mosaic/drawing.hpp"

namespace selfsame::browser {

namespace {

constexpr int kSeedPixels = 4;  // of the seed along a finest patch; also the smallest patch that is painted as a copy
constexpr int kSeedSteps = 4;   // from the picture of means and slopes to the seed
constexpr int kSamples = 3;     // of a pixel of a window along each axis
constexpr int kStoredSide = 2048;  // larger side of the rendering that windows are read from
constexpr double kContrastStep = 1.0 / 128, kSlopeStep = 2.0 / 255, kStep = 1.0 / 255, kMaxTint = 2;
constexpr int kMost = 3;  // channels

using Plane = std::array<std::array<double, kMost>, 3>;  // mean, slopes to the right and down, by channel
using Matrix = std::array<std::array<double, kMost>, kMost>;

// Where patches lie, in patches of the finest level.
struct Bounds {
    int top, left, bottom, right;
};

struct Patch {
    Bounds bounds;
    Plane plane;
    Matrix matrix;
};

int finest_of(const MosaicCode& code) { return code.patches.grid << code.patches.levels; }

std::array<double, kMost> luma_weights(int channels) {
    return channels == 3 ? std::array<double, kMost>{0.299, 0.587, 0.114} : std::array<double, kMost>{1, 0, 0};
}

// What the numbers of a mosaic mean; see selfsame/mosaic/maps.py. Colours are in [0, 1].
std::vector<Patch> patches_of(const MosaicCode& code) {
    const auto& p = code.patches;
    const int channels = p.channels;
    const auto w = luma_weights(channels);
    const double tint = p.tint * kStep, saturation = code.saturation * kStep;
    std::vector<Patch> patches(p.cells.size());
    for (std::size_t r = 0; r < patches.size(); ++r) {
        const auto& [level, row, column] = p.cells[r];
        const int side = 1 << (p.levels - level);
        auto& [bounds, plane, matrix] = patches[r];
        bounds = {row * side, column * side, (row + 1) * side, (column + 1) * side};
        double luma = 0;
        for (int c = 0; c < channels; ++c) {
            plane[0][c] = p.means[r * channels + c] / 255.0;
            plane[1][c] = p.slopes[2 * (r * channels + c)] * kSlopeStep;
            plane[2][c] = p.slopes[2 * (r * channels + c) + 1] * kSlopeStep;
            luma += plane[0][c] * w[c];
        }
        const double contrast = p.contrasts[r] * kContrastStep;
        for (int c = 0; c < channels; ++c) {
            const double shade = std::min(1 - tint + tint * (plane[0][c] / std::max(luma, 1e-3)), kMaxTint);
            for (int d = 0; d < channels; ++d) {
                matrix[c][d] = contrast * (shade * w[d] + saturation * ((c == d) - w[d]));
            }
        }
    }
    return patches;
}

// Mean and slopes of a picture, by least squares over its pixels.
Plane plane_of(const Shades& picture) {
    const auto& [width, height, channels, values] = picture;
    Plane plane{};
    double u_squares = 0, v_squares = 0;
    const auto place = [](int i, int n) { return (i + 0.5) / n - 0.5; };
    for (int j = 0; j < width; ++j) {
        u_squares += place(j, width) * place(j, width);
    }
    for (int i = 0; i < height; ++i) {
        v_squares += place(i, height) * place(i, height);
    }
    for (int c = 0; c < channels; ++c) {
        std::vector<double> columns(width);
        double down = 0, total = 0;
        for (int i = 0; i < height; ++i) {
            const std::uint8_t* row = &values[std::size_t(i) * width * channels + c];
            double sum = 0;
            for (int j = 0; j < width; ++j) {
                columns[j] += row[j * channels];
                sum += row[j * channels];
            }
            down += place(i, height) * sum;
            total += sum;
        }
        double right = 0;
        for (int j = 0; j < width; ++j) {
            right += place(j, width) * columns[j];
        }
        plane[0][c] = total / (double(width) * height);
        plane[1][c] = right / std::max(height * u_squares, 1e-9);
        plane[2][c] = down / std::max(width * v_squares, 1e-9);
    }
    return plane;
}

// Mean and slopes of a picture moved by an isometry.
Plane moved_plane(Plane plane, int isometry, int channels) {
    for (int c = 0; c < channels; ++c) {
        plane[1][c] *= isometry & kMirrorColumns ? -1 : 1;
        plane[2][c] *= isometry & kMirrorRows ? -1 : 1;
    }
    if (isometry & kTranspose) {
        std::swap(plane[1], plane[2]);
    }
    return plane;
}

// A patch's own plane less what its copy of a picture of plane `own` adds to it, in units of 1 / `scale`.
Plane base_of(const Patch& patch, const Plane& own, int isometry, int channels, double scale) {
    const Plane moved = moved_plane(own, isometry, channels);
    Plane base{};
    for (int k = 0; k < 3; ++k) {
        for (int c = 0; c < channels; ++c) {
            double copied = 0;
            for (int d = 0; d < channels; ++d) {
                copied += patch.matrix[c][d] * moved[k][d];
            }
            base[k][c] = scale * patch.plane[k][c] - copied;
        }
    }
    return base;
}

Grid<const std::uint8_t> grid_of(const Shades& picture) {
    return {picture.values.data(), std::size_t(picture.height), std::size_t(picture.width) * picture.channels};
}

// A part of a picture at another size: averages where smaller, Lanczos where larger.
Shades resized(const Shades& picture, const Extent& part, int width, int height) {
    const bool is_smaller = width <= part.right - part.left && height <= part.bottom - part.top;
    Shades result{width, height, picture.channels, {}};
    result.values.resize(std::size_t(width) * height * picture.channels);
    const auto n = static_cast<std::size_t>(picture.channels);
    const auto rows = grid_of(picture).part(static_cast<std::size_t>(part.top), static_cast<std::size_t>(part.left) * n,
                                            static_cast<std::size_t>(part.bottom - part.top),
                                            static_cast<std::size_t>(part.right - part.left) * n);
    resize<std::uint8_t>(rows, {0, 0, part.right - part.left, part.bottom - part.top},
                         is_smaller ? Filter::kBox : Filter::kLanczos, picture.channels,
                         {result.values.data(), std::size_t(height), std::size_t(width) * n}, 1);
    return result;
}

Shades resized(const Shades& picture, int width, int height) {
    return resized(picture, {0, 0, double(picture.width), double(picture.height)}, width, height);
}

// A copy of the whole picture, or of patch `patch`'s piece of the second one, at a size.
using Copies = std::function<const Shades&(std::size_t patch, int width, int height)>;

// Paint all patches of a picture, those of one kind of copy at a time.
Shades painted(const MosaicCode& code, const std::vector<Patch>& patches, int width, int height,
               const Copies& copies) {
    const int finest = finest_of(code), channels = code.patches.channels;
    const auto edges = [finest](int side) {
        std::vector<std::int64_t> places;
        for (int i = 0; i <= finest; ++i) {
            places.push_back(std::llrint(i * (double(side) / finest)));
        }
        return places;
    };
    const auto x = edges(width), y = edges(height);
    std::map<std::array<int, 6>, std::vector<std::size_t>> kinds;
    for (std::size_t r = 0; r < patches.size(); ++r) {
        const auto& [top, left, bottom, right] = patches[r].bounds;
        std::array<int, 6> key = {static_cast<int>(x[right] - x[left]), static_cast<int>(y[bottom] - y[top])};
        if (!code.pieces.empty()) {
            std::ranges::copy(code.pieces[r], key.begin() + 2);
        }
        kinds[key].push_back(r);
    }
    Shades picture{width, height, channels, std::vector<std::uint8_t>(std::size_t(width) * height * channels)};
    for (const auto& [key, members] : kinds) {
        const Shades& copy = copies(members[0], key[0], key[1]);
        const Plane own = plane_of(copy);
        std::vector<std::int64_t> corners;
        std::vector<std::uint8_t> isometries;
        std::vector<float> base, maps;
        for (const std::size_t r : members) {
            const int isometry = code.patches.isometries[r];
            const Plane plane = base_of(patches[r], own, isometry, channels, 255);
            corners.push_back(y[patches[r].bounds.top]);
            corners.push_back(x[patches[r].bounds.left]);
            isometries.push_back(static_cast<std::uint8_t>(isometry));
            for (const auto& row : plane) {
                base.insert(base.end(), row.begin(), row.begin() + channels);
            }
            for (int c = 0; c < channels; ++c) {
                maps.insert(maps.end(), patches[r].matrix[c].begin(), patches[r].matrix[c].begin() + channels);
            }
        }
        const std::size_t count = members.size(), n = channels;
        const mosaic::Places places{{corners.data(), count, 2},
                                    {isometries.data(), count},
                                    {base.data(), count, 3 * n},
                                    {maps.data(), count, n * n}};
        mosaic::paint({Grid(picture.values.data(), std::size_t(height), std::size_t(width) * n), channels}, 0, places,
                      {grid_of(copy), channels}, 1);
    }
    return picture;
}

// The fixed point at kSeedPixels pixels a finest patch.
Shades seed_of(const MosaicCode& code, const std::vector<Patch>& patches) {
    const int side = kSeedPixels * finest_of(code), channels = code.patches.channels;
    Shades seed{side, side, channels, std::vector<std::uint8_t>(std::size_t(side) * side * channels)};
    for (int step = 0; step <= kSeedSteps; ++step) {
        Shades copy;
        seed = painted(code, patches, side, side, [&](std::size_t, int width, int height) -> const Shades& {
            return copy = resized(seed, width, height);
        });
    }
    return seed;
}

// Makes copies of the whole picture, and keeps them.
class SelfCopies {
public:
    SelfCopies(const MosaicCode& code, const std::vector<Patch>& patches)
        : code_(code), patches_(patches), seed_(seed_of(code, patches)) {}

    const Shades& operator()(int width, int height) {
        const std::pair key(width, height);
        if (const auto made = made_.find(key); made != made_.end()) {
            return made->second;
        }
        const bool is_small = std::min(width, height) < kSeedPixels * finest_of(code_);
        auto copy = is_small ? resized(seed_, width, height)
                             : painted(code_, patches_, width, height,
                                       [&](std::size_t, int w, int h) -> const Shades& { return (*this)(w, h); });
        return made_.emplace(key, std::move(copy)).first->second;
    }

private:
    const MosaicCode& code_;
    const std::vector<Patch>& patches_;
    Shades seed_;
    std::map<std::pair<int, int>, Shades> made_;
};

// A picture and its halvings in one array, values in [0, 1]; rows of `levels` say where they are and how large.
std::vector<float> pyramid(const Shades& picture, std::vector<std::int64_t>& levels) {
    std::vector<float> stored;
    for (const std::uint8_t value : picture.values) {
        stored.push_back(static_cast<float>(value) / 255.0f);
    }
    std::int64_t offset = 0, height = picture.height, width = picture.width;
    const int n = picture.channels;
    while (true) {
        levels.insert(levels.end(), {offset, height, width});
        if (height == 1 && width == 1) {
            return stored;
        }
        const std::int64_t half_height = (height + 1) / 2, half_width = (width + 1) / 2;
        stored.reserve(stored.size() + half_height * half_width * n);
        for (std::int64_t i = 0; i < half_height; ++i) {
            for (std::int64_t j = 0; j < half_width; ++j) {
                const auto at = [&](std::int64_t y, std::int64_t x, int c) {
                    return stored[(offset + std::min(y, height - 1) * width + std::min(x, width - 1)) * n + c];
                };
                for (int c = 0; c < n; ++c) {
                    stored.push_back((at(2 * i, 2 * j, c) + at(2 * i + 1, 2 * j, c) + at(2 * i, 2 * j + 1, c) +
                                      at(2 * i + 1, 2 * j + 1, c)) /
                                     4);
                }
            }
        }
        offset += height * width;
        height = half_height, width = half_width;
    }
}

// Mean and slopes of the whole fixed point: those of its patches' planes.
Plane whole_plane(const std::vector<Patch>& patches, int finest, int channels) {
    Plane plane{};
    for (const auto& [bounds, own, matrix] : patches) {
        const double side = double(bounds.bottom - bounds.top) / finest, area = side * side;
        const double y = double(bounds.top + bounds.bottom) / finest / 2 - 0.5;
        const double x = double(bounds.left + bounds.right) / finest / 2 - 0.5;
        for (int c = 0; c < channels; ++c) {
            plane[0][c] += area * own[0][c];
            // Least squares over a unit square: 12 times the first moment.
            plane[1][c] += 12 * (area * x * own[0][c] + area * side / 12 * own[1][c]);
            plane[2][c] += 12 * (area * y * own[0][c] + area * side / 12 * own[2][c]);
        }
    }
    return plane;
}

}  // namespace

Shades draw_mosaic(const MosaicCode& code, int width, int height) {
    const auto patches = patches_of(code);
    // Where patches would be smaller than they are painted: a larger picture, made smaller.
    const int smallest = kSeedPixels * finest_of(code);
    const int across = std::max(1, (smallest + width - 1) / width), down = std::max(1, (smallest + height - 1) / height);
    Shades picture;
    if (code.pieces.empty()) {
        SelfCopies copies(code, patches);
        picture = painted(code, patches, width * across, height * down,
                          [&](std::size_t, int w, int h) -> const Shades& { return copies(w, h); });
    } else {
        const Shades second{code.width, code.height, code.patches.channels, code.second};
        Shades copy;
        picture = painted(code, patches, width * across, height * down,
                          [&](std::size_t patch, int w, int h) -> const Shades& {
                              const auto& [y, x, piece_height, piece_width] = code.pieces[patch];
                              const Extent part{double(x), double(y), double(x + piece_width), double(y + piece_height)};
                              return copy = resized(second, part, w, h);
                          });
    }
    return across == 1 && down == 1 ? picture : resized(picture, width, height);
}

MosaicViewer::MosaicViewer(const MosaicCode& code, int width, int height) : code_(code) {
    const double factor = double(kStoredSide) / std::max(width, height);
    const auto side = [factor](int pixels) { return std::max(1, static_cast<int>(std::lrint(pixels * factor))); };
    stored_ = pyramid(draw_mosaic(code, side(width), side(height)), levels_);
    const int finest = finest_of(code), channels = code.patches.channels;
    const auto patches = patches_of(code);
    patch_map_.resize(std::size_t(finest) * finest);
    const Plane whole = whole_plane(patches, finest, channels);
    const auto add = [&](const Plane& base, const Matrix& matrix) {
        for (const auto& row : base) {
            base_.insert(base_.end(), row.begin(), row.begin() + channels);
        }
        for (int c = 0; c < channels; ++c) {
            maps_.insert(maps_.end(), matrix[c].begin(), matrix[c].begin() + channels);
        }
    };
    for (std::size_t r = 0; r < patches.size(); ++r) {
        const auto& [top, left, bottom, right] = patches[r].bounds;
        for (const int edge : {top, left, bottom, right}) {
            rects_.push_back(double(edge) / finest);
        }
        for (int y = top; y < bottom; ++y) {
            std::fill_n(&patch_map_[std::size_t(y) * finest + left], right - left, static_cast<std::int32_t>(r));
        }
        add(base_of(patches[r], whole, code.patches.isometries[r], channels, 1), patches[r].matrix);
    }
    // The gate is the first patch, which does not fade here.
    add(base_of(patches[0], whole, code.patches.isometries[0], channels, 1), patches[0].matrix);
}

Shades MosaicViewer::window(int width, int height, double left, double top, double extent) const {
    const int channels = code_.patches.channels;
    const std::size_t n = channels, count = code_.patches.cells.size(), finest = finest_of(code_);
    Shades frame{width, height, channels, std::vector<std::uint8_t>(std::size_t(width) * height * n)};
    const mosaic::Address address{{patch_map_.data(), finest, finest},
                                  {rects_.data(), count, 4},
                                  {code_.patches.isometries.data(), count},
                                  {base_.data(), count + 1, 3 * n},
                                  {maps_.data(), count + 1, n * n},
                                  {stored_.data(), stored_.size() / n, n},
                                  {levels_.data(), levels_.size() / 3, 3}};
    mosaic::view({Grid(frame.values.data(), std::size_t(height), std::size_t(width) * n), channels},
                 {left, top, extent, 0}, address, kSamples, 1);
    return frame;
}

}  // namespace selfsame::browser
