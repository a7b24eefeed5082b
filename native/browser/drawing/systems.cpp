#include "browser/drawing/systems.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

namespace selfsame::browser {

namespace {

constexpr int kMostDimensions = 6;
constexpr int kMinBurnIn = 16, kMaxBurnIn = 1000;
constexpr double kForgotten = 24;  // bits of a difference of starts
constexpr double kRounding = 1e-9;  // of steps: what it may leave above a whole number is none
constexpr std::size_t kMaxWords = 4096;
constexpr double kWorthwhile = 0.5;   // above this share of the measure the plain game is as fast
constexpr double kContracting = 0.98;  // above, a ball around the attractor would be too large to be of use

double stretch_of_plane(const double* m, int stride) {
    const double a = m[0], b = m[1], c = m[stride], d = m[stride + 1];
    return (std::hypot(a + d, c - b) + std::hypot(a - d, b + c)) / 2;
}

// Of a 3 × 3 matrix, by Jacobi's rotations of its columns.
double stretch_of_space(const double* matrix, int stride) {
    std::array<std::array<double, 3>, 3> columns;
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
            columns[j][i] = matrix[stride * i + j];
        }
    }
    const auto dot = [&](int p, int q) {
        return columns[p][0] * columns[q][0] + columns[p][1] * columns[q][1] + columns[p][2] * columns[q][2];
    };
    constexpr int kSweeps = 12;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        for (const auto& [p, q] : {std::pair(0, 1), std::pair(0, 2), std::pair(1, 2)}) {
            const double across = dot(p, q);
            if (across == 0) {
                continue;
            }
            const double ratio = (dot(q, q) - dot(p, p)) / (2 * across);
            const double tangent = (ratio < 0 ? -1 : 1) / (std::abs(ratio) + std::sqrt(1 + ratio * ratio));
            const double cosine = 1 / std::sqrt(1 + tangent * tangent), sine = cosine * tangent;
            for (int i = 0; i < 3; ++i) {
                const double x = columns[p][i], y = columns[q][i];
                columns[p][i] = cosine * x - sine * y;
                columns[q][i] = sine * x + cosine * y;
            }
        }
    }
    return std::sqrt(std::max({dot(0, 0), dot(1, 1), dot(2, 2)}));
}

// The largest singular values of the matrices; colours, which shrink by halves, count.
std::vector<double> stretches(const Maps& maps) {
    std::vector<double> result;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        const double* matrix = maps.matrix(i);
        const double own = maps.space == 2 ? stretch_of_plane(matrix, maps.dimension)
                                           : stretch_of_space(matrix, maps.dimension);
        result.push_back(maps.dimension > maps.space ? std::max(own, 0.5) : own);
    }
    return result;
}

// The points of maps that carry colours.
Maps without_colors(const Maps& maps) {
    const int n = maps.dimension, d = maps.space;
    Maps result{d, d, {}, {}, maps.probabilities};
    for (std::size_t i = 0; i < maps.size(); ++i) {
        for (int row = 0; row < d; ++row) {
            const double* from = maps.matrix(i) + row * n;
            result.matrices.insert(result.matrices.end(), from, from + d);
        }
        result.offsets.insert(result.offsets.end(), maps.offset(i), maps.offset(i) + d);
    }
    return result;
}

// Add map i of the first after map j of the second; their probabilities multiply.
void add_product(const Maps& first, std::size_t i, const Maps& second, std::size_t j, Maps& to) {
    const int n = first.dimension;
    const double *A = first.matrix(i), *B = second.matrix(j), *a = first.offset(i), *b = second.offset(j);
    std::array<double, kMostDimensions * kMostDimensions> matrix{};
    std::array<double, kMostDimensions> offset{};
    for (int row = 0; row < n; ++row) {
        for (int column = 0; column < n; ++column) {
            double sum = 0;
            for (int k = 0; k < n; ++k) {
                sum += A[row * n + k] * B[k * n + column];
            }
            matrix[row * n + column] = sum;
        }
        double sum = 0;
        for (int k = 0; k < n; ++k) {
            sum += A[row * n + k] * b[k];
        }
        offset[row] = sum + a[row];
    }
    to.add(matrix.data(), offset.data(), first.probabilities[i] * second.probabilities[j]);
}

}  // namespace

void Maps::add(const double* matrix, const double* offset, double probability) {
    matrices.insert(matrices.end(), matrix, matrix + dimension * dimension);
    offsets.insert(offsets.end(), offset, offset + dimension);
    probabilities.push_back(probability);
}

Maps maps_of(const IfsCode& code, bool with_colors) {
    const int d = code.dimension, n = with_colors ? d + 3 : d;
    Maps maps{n, d, {}, {}, {}};
    for (int i = 0; i < code.maps; ++i) {
        std::array<double, kMostDimensions * kMostDimensions> matrix{};
        std::array<double, kMostDimensions> offset{};
        for (int row = 0; row < n; ++row) {
            for (int column = 0; column < d && row < d; ++column) {
                matrix[row * n + column] = code.matrices[(i * d + row) * d + column];
            }
            if (row < d) {
                offset[row] = code.offsets[i * d + row];
            } else {
                matrix[row * n + row] = 0.5;
                offset[row] = (code.colors.empty() ? 1 : code.colors[3 * i + row - d]) / 2;
            }
        }
        maps.add(matrix.data(), offset.data(), code.probabilities[i]);
    }
    return maps;
}

int burn_in_steps(const Maps& maps) {
    constexpr double kBits = -kForgotten * std::numbers::ln2;
    const auto factors = stretches(maps);
    double exponent = 0;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        exponent += maps.probabilities[i] * std::log(std::max(factors[i], 1e-6));
    }
    const double steps = std::ceil(kBits / std::min(exponent, kBits / kMaxBurnIn) - kRounding);
    return static_cast<int>(std::clamp<double>(steps, kMinBurnIn, kMaxBurnIn));
}

std::vector<double> start_point(const Maps& maps) {
    const int n = maps.dimension;
    // (I - Σ p A) m = Σ p b, by elimination with pivots.
    std::vector<double> rows(n * (n + 1));
    for (int i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < maps.size(); ++k) {
            for (int j = 0; j < n; ++j) {
                rows[i * (n + 1) + j] += maps.probabilities[k] * maps.matrix(k)[i * n + j];
            }
            rows[i * (n + 1) + n] += maps.probabilities[k] * maps.offset(k)[i];
        }
        for (int j = 0; j < n; ++j) {
            rows[i * (n + 1) + j] = (i == j ? 1 : 0) - rows[i * (n + 1) + j];
        }
    }
    const auto at = [&](int i, int j) -> double& { return rows[i * (n + 1) + j]; };
    double determinant = 1;
    for (int k = 0; k < n; ++k) {
        int pivot = k;
        for (int i = k + 1; i < n; ++i) {
            pivot = std::abs(at(i, k)) > std::abs(at(pivot, k)) ? i : pivot;
        }
        for (int j = 0; j <= n; ++j) {
            std::swap(at(k, j), at(pivot, j));
        }
        determinant *= at(k, k);
        for (int i = k + 1; i < n && at(k, k) != 0; ++i) {
            const double factor = at(i, k) / at(k, k);
            for (int j = k; j <= n; ++j) {
                at(i, j) -= factor * at(k, j);
            }
        }
    }
    std::vector<double> start(n);
    if (!(std::abs(determinant) > 1e-9)) {
        return start;
    }
    for (int i = n - 1; i >= 0; --i) {
        double sum = at(i, n);
        for (int j = i + 1; j < n; ++j) {
            sum -= at(i, j) * start[j];
        }
        start[i] = sum / at(i, i);
    }
    return start;
}

std::vector<std::uint64_t> probability_tree(const std::vector<double>& probabilities) {
    const std::size_t leaves = std::bit_ceil(probabilities.size());
    std::vector<double> sums(2 * leaves);
    std::ranges::copy(probabilities, sums.begin() + static_cast<std::ptrdiff_t>(leaves));
    std::vector<std::uint64_t> tree(leaves);
    for (std::size_t k = leaves - 1; k >= 1; --k) {
        const double left = sums[2 * k], right = sums[2 * k + 1];
        sums[k] = left + right;
        constexpr double kWhole = 18446744073709551616.0;  // 2^64, and below it the largest number that is less
        tree[k] = right > 0 ? static_cast<std::uint64_t>(std::min(left / sums[k] * kWhole, kWhole - 2048))
                            : ~std::uint64_t(0);
    }
    return tree;
}

Fields choose_fields(std::uint64_t points, std::size_t maps) {
    constexpr std::array<ifs::Field, 7> kFields = {
        {{7, 0x83}, {9, 0x211}, {10, 0x409}, {12, 0x1053}, {14, 0x4443}, {16, 0x1100B}, {20, 0x100009}}};
    const int wanted = std::max(points < 20000 ? 7 : points < 60000 ? 9 : 10,
                                std::min(static_cast<int>(std::bit_width(16 * maps - 1)), kFields.back().m));
    return {*std::ranges::find_if(kFields, [&](const ifs::Field& field) { return field.m >= wanted; }), kFields[0]};
}

std::optional<Words> view_words(const Maps& maps, const Viewport& view) {
    const Maps plain = without_colors(maps);
    const auto norms = stretches(plain);
    if (std::ranges::max(norms) >= kContracting) {
        return std::nullopt;
    }
    const auto center = start_point(plain);
    double radius = 0;  // f_i maps the ball into itself if |f_i(c) - c| + s_i r <= r
    const auto image = [&](const Maps& from, std::size_t i, int row) {
        const double* A = from.matrix(i) + row * from.dimension;
        return A[0] * center[0] + A[1] * center[1] + from.offset(i)[row];
    };
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const double moved = std::hypot(image(plain, i, 0) - center[0], image(plain, i, 1) - center[1]);
        radius = std::max(radius, moved / (1 - norms[i]));
    }
    radius *= 1 + 1e-9;
    const std::array<double, 2> middle = {(view[0] + view[2]) / 2, (view[1] + view[3]) / 2};
    const std::array<double, 2> half = {(view[2] - view[0]) / 2, (view[3] - view[1]) / 2};
    if (std::abs(center[0] - middle[0]) + radius <= half[0] && std::abs(center[1] - middle[1]) + radius <= half[1]) {
        return std::nullopt;
    }
    const double small = std::hypot(half[0], half[1]) / 2;
    const int n = maps.dimension;
    Maps chosen{n, maps.space, {}, {}, {}};
    for (std::size_t i = 0; i < maps.size(); ++i) {
        if (maps.probabilities[i] > 0) {
            chosen.add(maps.matrix(i), maps.offset(i), maps.probabilities[i]);
        }
    }
    Maps words{n, maps.space, std::vector<double>(n * n), std::vector<double>(n), {1}};
    for (int i = 0; i < n; ++i) {
        words.matrices[i * n + i] = 1;
    }
    while (true) {
        Maps seen{n, maps.space, {}, {}, {}};
        std::vector<bool> is_large;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const double reach = stretch_of_plane(words.matrix(i), n) * radius;
            // The larger coordinate, not the hypotenuse: it does not overflow, and keeps a little more.
            double gap = 0;
            for (int axis = 0; axis < 2; ++axis) {
                gap = std::max(gap, std::abs(image(words, i, axis) - middle[axis]) - half[axis]);
            }
            if (gap <= reach) {
                seen.add(words.matrix(i), words.offset(i), words.probabilities[i]);
                is_large.push_back(reach > small);
            }
        }
        const auto large = static_cast<std::size_t>(std::ranges::count(is_large, true));
        words = std::move(seen);
        if (large == 0 || words.size() + large * (chosen.size() - 1) > kMaxWords) {
            break;
        }
        Maps next{n, maps.space, {}, {}, {}};
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (!is_large[i]) {
                next.add(words.matrix(i), words.offset(i), words.probabilities[i]);
            }
        }
        for (std::size_t i = 0; i < words.size(); ++i) {
            for (std::size_t j = 0; is_large[i] && j < chosen.size(); ++j) {
                add_product(words, i, chosen, j, next);
            }
        }
        words = std::move(next);
    }
    double mass = 0;
    for (const double p : words.probabilities) {
        mass += p;
    }
    if (mass > kWorthwhile) {
        return std::nullopt;
    }
    return Words{std::move(words), mass};
}

}  // namespace selfsame::browser
