#include "browser/drawing/collage.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <numeric>
#include <string>

#include "browser/drawing/resampling.hpp"
#include "browser/files/sha256.hpp"
#include "core/fail.hpp"
#include "core/resize.hpp"

namespace selfsame::browser {

namespace {

constexpr int kRange = 16;              // side of the ranges of all models
constexpr float kStepZero = 128, kStepScale = 16;
constexpr float kBiasExponent = 0.7f;  // steps of biases grow more slowly than those of weights
constexpr float kSoftness = 1e-3f;     // of the absolute value in the limit of weights

// Lengths of a collage at a scale of so many units.
struct Geometry {
    int units, unit;  // pixels per pixel are units / unit
    int range, overlap, block;

    Geometry(const CollageModel& model, int width, int height, int out_width, int out_height) {
        unit = std::gcd(kRange, model.overlap);
        for (const int factor : model.factors) {
            unit = std::gcd(unit, kRange * (factor - 1) / 2);
        }
        // The smallest scale that reaches the size in both directions.
        const auto units_for = [&](std::int64_t out, std::int64_t in) { return (out * unit + in - 1) / in; };
        units = static_cast<int>(std::max(units_for(out_width, width), units_for(out_height, height)));
        range = kRange * units / unit;
        overlap = model.overlap * units / unit;
        block = range + 2 * overlap;
    }
    int scaled(int pixels) const { return static_cast<int>((std::int64_t(pixels) * units + unit - 1) / unit); }
};

// Blends blocks where they overlap, by raised cosines.
class Blender {
public:
    Blender(const Geometry& geometry, int rows, int columns)
        : geometry_(geometry), window_(window()), down_(sums(rows)), across_(sums(columns)) {}

    // Add the block of a range to a plane.
    void add(const std::vector<float>& block, int row, int column, Grid<float> plane) const {
        const int n = geometry_.block, m = geometry_.overlap, r = geometry_.range;
        for (int i = 0; i < n; ++i) {
            const int y = row * r - m + i;
            if (y < 0 || y >= static_cast<int>(plane.height())) {
                continue;
            }
            const auto target = plane.row(y);
            const float weight = window_[i];
            for (int j = 0; j < n; ++j) {
                const int x = column * r - m + j;
                if (x >= 0 && x < static_cast<int>(plane.width())) {
                    target[x] += block[std::size_t(i) * n + j] * (weight * window_[j]);
                }
            }
        }
    }

    // At the picture's border a block has no neighbour, and its window must not darken it.
    void finish(Grid<float> plane) const {
        for (std::size_t y = 0; y < plane.height(); ++y) {
            for (std::size_t x = 0; x < plane.width(); ++x) {
                plane(y, x) /= down_[y] * across_[x];
            }
        }
    }

private:
    std::vector<float> window() const {
        const int m = geometry_.overlap;
        std::vector<float> window(geometry_.block, 1.0f);
        for (int k = 0; k < 2 * m; ++k) {
            window[k] = static_cast<float>(0.5 - 0.5 * std::cos(std::numbers::pi * (k + 0.5) / (2 * m)));
            window[geometry_.block - 1 - k] = window[k];
        }
        return window;
    }
    std::vector<float> sums(int count) const {
        const auto m = static_cast<std::size_t>(geometry_.overlap);
        std::vector<float> sums(std::size_t(count) * geometry_.range, 1.0f);
        for (std::size_t k = 0; k < m; ++k) {
            sums[k] = window_[m + k];
            sums[sums.size() - 1 - k] = window_[m + k];
        }
        return sums;
    }

    Geometry geometry_;
    std::vector<float> window_, down_, across_;
};

// The numbers that the symbols of a plane stand for.
class Values {
public:
    Values(const CollageCode& code, const CollageModel& model, std::size_t plane)
        : plane_(code.planes[plane]), ranges_(std::size_t(plane_.rows) * plane_.columns) {
        std::size_t first = 0;  // of the plane's steps among all
        for (std::size_t p = 0; p < plane; ++p) {
            first += 1 + code.planes[p].atoms + code.domains;
        }
        const float scale = (static_cast<float>(code.step) - kStepZero) / kStepScale;
        for (int k = 0; k < 1 + plane_.atoms + code.domains; ++k) {
            const float exponent = k == 0 ? kBiasExponent : k <= plane_.atoms ? 1 : 0;
            steps_.push_back(std::exp(model.log_steps[first + k]) * std::exp2(scale * exponent));
        }
    }
    // Number k of a range: bias, weights of atoms, weights of domains.
    float at(std::size_t k, std::size_t range) const {
        return static_cast<float>(plane_.symbols.data()[k * ranges_ + range]) * steps_[k];
    }

private:
    const collage::Plane& plane_;
    std::size_t ranges_;
    std::vector<float> steps_;
};

// The atoms of luma or chroma at the size of a block.
std::vector<float> scaled_atoms(const CollageModel& model, int kind, const Geometry& geometry) {
    const int side = kRange + 2 * model.overlap, n = geometry.block;
    if (side == n) {
        return model.blocks[kind];
    }
    const auto matrix = resampling_matrix(side, n);
    std::vector<float> result, half(std::size_t(n) * side);
    for (int a = 0; a < model.atoms[kind]; ++a) {
        const float* from = &model.blocks[kind][std::size_t(a) * side * side];
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < side; ++j) {
                double sum = 0;
                for (int k = 0; k < side; ++k) {
                    sum += matrix[std::size_t(i) * side + k] * from[k * side + j];
                }
                half[std::size_t(i) * side + j] = static_cast<float>(sum);
            }
        }
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) {
                double sum = 0;
                for (int k = 0; k < side; ++k) {
                    sum += matrix[std::size_t(j) * side + k] * half[std::size_t(i) * side + k];
                }
                result.push_back(static_cast<float>(sum));
            }
        }
    }
    return result;
}

// Add `weight` times a range's domain, averaged, to a block. Beyond the picture its border repeats.
void add_domain(Grid<const float> x, const Geometry& geometry, int factor, int row, int column, float weight,
                std::vector<float>& block) {
    const int n = geometry.block, r = geometry.range;
    const int context = geometry.overlap * factor + r * (factor - 1) / 2;
    const int height = static_cast<int>(x.height()), width = static_cast<int>(x.width());
    const float share = weight / static_cast<float>(factor * factor);
    for (int i = 0; i < n; ++i) {
        for (int a = 0; a < factor; ++a) {
            const float* pixels = x.row(std::clamp(row * r + i * factor + a - context, 0, height - 1)).data();
            for (int j = 0; j < n; ++j) {
                float sum = 0;
                for (int b = 0; b < factor; ++b) {
                    sum += pixels[std::clamp(column * r + j * factor + b - context, 0, width - 1)];
                }
                block[std::size_t(i) * n + j] += share * sum;
            }
        }
    }
}

// Draws one plane.
class PlaneDrawing {
public:
    PlaneDrawing(const CollageCode& code, const CollageModel& model, std::size_t plane, const Geometry& geometry)
        : code_(code),
          model_(model),
          geometry_(geometry),
          plane_(code.planes[plane]),
          numbers_(code, model, plane),
          blender_(geometry, plane_.rows, plane_.columns),
          height_(std::size_t(plane_.rows) * geometry.range),
          width_(std::size_t(plane_.columns) * geometry.range) {}

    std::size_t height() const { return height_; }
    std::size_t width() const { return width_; }

    // Return the plane after so many applications, centred on 0, in units of 1/255.
    std::vector<float> drawn(const std::vector<float>& atoms, int iterations) const {
        const auto constant = blended([&](std::size_t range, int, int, std::vector<float>& block) {
            std::ranges::fill(block, numbers_.at(0, range));
            for (int a = 0; a < plane_.atoms; ++a) {
                if (const float weight = numbers_.at(1 + a, range); weight != 0) {
                    const float* atom = &atoms[a * block.size()];
                    for (std::size_t i = 0; i < block.size(); ++i) {
                        block[i] += weight * atom[i];
                    }
                }
            }
        });
        auto x = constant;
        for (int round = 0; round < iterations && code_.domains > 0; ++round) {
            const Grid<const float> before(x.data(), height_, width_);
            auto next = blended([&](std::size_t range, int row, int column, std::vector<float>& block) {
                std::ranges::fill(block, 0.0f);
                const auto weights = limited(range);
                for (std::size_t d = 0; d < weights.size(); ++d) {
                    if (weights[d] != 0) {
                        add_domain(before, geometry_, model_.factors[d], row, column, weights[d], block);
                    }
                }
            });
            for (std::size_t i = 0; i < next.size(); ++i) {
                next[i] += constant[i];
            }
            x = std::move(next);
        }
        return x;
    }

private:
    // The plane whose blocks `fill` fills, range by range.
    template <typename Fill>
    std::vector<float> blended(const Fill& fill) const {
        std::vector<float> memory(height_ * width_), block(std::size_t(geometry_.block) * geometry_.block);
        const Grid plane(memory.data(), height_, width_);
        for (int row = 0; row < plane_.rows; ++row) {
            for (int column = 0; column < plane_.columns; ++column) {
                fill(std::size_t(row) * plane_.columns + column, row, column, block);
                blender_.add(block, row, column, plane);
            }
        }
        blender_.finish(plane);
        return memory;
    }

    // The weights of a range's domains: their absolute values sum to less than the bound.
    std::vector<float> limited(std::size_t range) const {
        std::vector<float> weights(code_.domains);
        float total = 0;
        for (int d = 0; d < code_.domains; ++d) {
            weights[d] = numbers_.at(1 + plane_.atoms + d, range);
            total += std::sqrt(weights[d] * weights[d] + kSoftness * kSoftness);
        }
        for (float& weight : weights) {
            weight /= std::sqrt(1 + (total / model_.bound) * (total / model_.bound));
        }
        return weights;
    }

    const CollageCode& code_;
    const CollageModel& model_;
    Geometry geometry_;
    const collage::Plane& plane_;
    Values numbers_;
    Blender blender_;
    std::size_t height_, width_;
};

}  // namespace

CollageModel read_collage_model(Row<const float> numbers, Bytes shape, const CollageCode& code) {
    std::size_t at = 0;
    const auto next = [&] { return numbers[at++]; };
    const auto several = [&](std::size_t count) {
        const auto part = numbers.part(at, count);
        at += count;
        return std::vector<float>(part.begin(), part.end());
    };
    CollageModel model{};
    model.overlap = static_cast<int>(next());
    model.bound = next();
    model.factors.resize(static_cast<std::size_t>(next()));
    for (int& factor : model.factors) {
        factor = static_cast<int>(next());
    }
    model.atoms = {static_cast<int>(next()), static_cast<int>(next())};
    const std::size_t side = kRange + 2 * model.overlap;
    const std::size_t start = at;
    for (int kind = 0; kind < 2; ++kind) {
        model.blocks[kind] = several(model.atoms[kind] * side * side);
    }
    model.log_steps = several(numbers.size() - at);
    std::vector<std::uint8_t> message(shape.begin(), shape.end());
    const auto hashed = numbers.part(start, numbers.size() - start);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(hashed.data());
    message.insert(message.end(), bytes, bytes + hashed.size() * sizeof(float));
    const auto digest = sha256(std::move(message));
    if (!std::equal(code.fingerprint.begin(), code.fingerprint.end(), digest.begin())) {
        fail(Fault::kInput, "the file was made with another model ", code.model, " than this one");
    }
    const std::size_t all = 3 * (1 + model.factors.size()) + model.atoms[0] + 2 * std::size_t(model.atoms[1]);
    bool is_same = code.range_size == kRange && code.domains == static_cast<int>(model.factors.size()) &&
                   model.log_steps.size() == all;
    for (std::size_t p = 0; p < code.planes.size(); ++p) {
        is_same &= code.planes[p].atoms == model.atoms[p > 0];
    }
    if (!is_same) {
        fail(Fault::kInput, "a code of model ", code.model, " has other ranges, atoms or domains; the file is damaged");
    }
    return model;
}

Picture draw_collage(const CollageCode& code, const CollageModel& model, int width, int height, int out_width,
                     int out_height, int iterations) {
    const Geometry geometry(model, width, height, out_width, out_height);
    const std::size_t part_height = geometry.scaled(height), part_width = geometry.scaled(width);
    const std::size_t rows = out_height, columns = out_width;
    std::vector<std::vector<float>> planes;
    std::vector<float> atoms;
    for (std::size_t p = 0; p < code.planes.size(); ++p) {
        if (p < 2) {
            atoms = scaled_atoms(model, static_cast<int>(p), geometry);
        }
        const PlaneDrawing drawing(code, model, p, geometry);
        const auto whole = drawing.drawn(atoms, iterations);
        auto& plane = planes.emplace_back(rows * columns);
        area_resize(Grid(whole.data(), drawing.height(), drawing.width()).part(0, 0, part_height, part_width),
                    Grid(plane.data(), rows, columns));
    }
    const int colors = static_cast<int>(planes.size());
    const int channels = colors + !code.alpha.empty();
    Picture picture{std::vector<float>(rows * columns * channels), channels};
    const auto unit = [](float value) { return std::clamp((value + 128) / 255, 0.0f, 1.0f); };
    for (std::size_t i = 0; i < rows * columns; ++i) {
        float* pixel = &picture.values[i * channels];
        const float y = planes[0][i];
        if (colors == 1) {
            pixel[0] = unit(y);
            continue;
        }
        const float cb = planes[1][i], cr = planes[2][i];
        pixel[0] = unit(y + 1.402f * cr);
        pixel[1] = unit(y - 0.344136286f * cb - 0.714136286f * cr);
        pixel[2] = unit(y + 1.772f * cb);
    }
    if (channels > colors) {
        std::vector<float> alpha(code.alpha.begin(), code.alpha.end()), resized(rows * columns);
        resize<float>({alpha.data(), std::size_t(height), std::size_t(width)}, {0, 0, double(width), double(height)},
                      Filter::kTriangle, 1, {resized.data(), rows, columns}, 1);
        for (std::size_t i = 0; i < rows * columns; ++i) {
            picture.values[(i + 1) * channels - 1] = std::clamp(resized[i] / 255, 0.0f, 1.0f);
        }
    }
    return picture;
}

}  // namespace selfsame::browser
