#include "browser/files/container.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/fail.hpp"
#include "core/limits.hpp"

namespace selfsame::browser {

namespace {

constexpr std::array<std::uint8_t, 8> kSignature = {0xD3, 'S', 'S', 'M', '\r', '\n', 0x1A, '\n'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxFileBytes = std::size_t(1) << 28, kMaxChunkBytes = std::size_t(1) << 27;
constexpr std::size_t kMaxChunks = 1024;
constexpr std::size_t kTagBytes = 4, kFrameBytes = 8, kCrcBytes = 4, kHeadBytes = 10;
constexpr std::size_t kStart = kSignature.size() + 1;
constexpr std::size_t kHeaderEnd = kStart + kFrameBytes + kHeadBytes + kCrcBytes;
constexpr std::string_view kHead = "HEAD", kTail = "TAIL";

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = value & 1 ? value >> 1 ^ 0xEDB88320 : value >> 1;
        }
        table[i] = value;
    }
    return table;
}

bool is_letter(char c) { return ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z'); }
bool is_capital(char c) { return 'A' <= c && c <= 'Z'; }

std::string_view text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Chunk read_chunk(Bytes data, std::size_t& position) {
    if (data.size() - position < kFrameBytes) {
        fail(Fault::kTruncated, "the file ends at byte ", data.size(), ", before chunk TAIL");
    }
    Numbers frame(data.part(position, data.size() - position), "a chunk");
    const Bytes tag_bytes = frame.take(kTagBytes);
    const std::string_view tag = text(tag_bytes);
    const std::size_t length = frame.u32();
    if (!std::ranges::all_of(tag, is_letter)) {
        fail(Fault::kCorrupted, "a chunk tag is 4 ASCII letters: got others at byte ", position);
    }
    if (length > kMaxChunkBytes) {
        fail(Fault::kLimit, "chunk ", tag, " claims ", length, " bytes; at most ", kMaxChunkBytes);
    }
    if (frame.rest().size() < length + kCrcBytes) {
        fail(Fault::kTruncated, "chunk ", tag, " claims ", length, " bytes and a checksum; the file has ",
             frame.rest().size(), " bytes left");
    }
    const Bytes payload = frame.take(length);
    if (frame.u32() != crc32(payload, crc32(tag_bytes, 0))) {
        fail(Fault::kCorrupted, "the checksum of chunk ", tag, " at byte ", position, " does not match");
    }
    position += kFrameBytes + length + kCrcBytes;
    return {tag, payload};
}

void check_signature(Bytes data) {
    const Bytes start = data.part(0, std::min(data.size(), kSignature.size()));
    if (std::equal(start.begin(), start.end(), kSignature.begin())) {
        if (start.size() < kSignature.size()) {
            fail(Fault::kTruncated, "the file ends after ", start.size(), " bytes, within its signature");
        }
        return;
    }
    fail(Fault::kCorrupted, "not a Selfsame file, or one that a transfer in text mode has damaged");
}

void check_header(const Header& header, std::uint32_t width, std::uint32_t height) {
    if (header.color_space > kSrgbAlpha) {
        fail(Fault::kUnsupported, "colour space ", header.color_space, " is unknown");
    }
    if (width < 1 || height < 1) {
        fail(Fault::kCorrupted, "a picture has at least one pixel: got ", width, "x", height);
    }
    if (width > kMaxSide || height > kMaxSide || std::int64_t(width) * height > kMaxPixels) {
        fail(Fault::kLimit, "a picture has sides up to ", kMaxSide, " and at most ", kMaxPixels, " pixels: got ",
             width, "x", height);
    }
}

Header read_header(Bytes data) {
    check_signature(data);
    if (data.size() < kStart) {
        fail(Fault::kTruncated, "the file ends before its version");
    }
    const std::uint32_t version = data[kStart - 1];
    if (version > kVersion) {
        fail(Fault::kUnsupported, "the file has version ", version, ", this build reads up to ", kVersion);
    }
    if (version == 0) {
        fail(Fault::kCorrupted, "the file has version 0; versions start at 1");
    }
    const Bytes rest = data.part(kStart, data.size() - kStart);
    if (!kHead.starts_with(text(rest.part(0, std::min(rest.size(), kTagBytes))))) {
        fail(Fault::kCorrupted, "the first chunk must be HEAD");
    }
    if (rest.size() >= kFrameBytes && Numbers(rest.part(kTagBytes, 4), kHead).u32() != kHeadBytes) {
        fail(Fault::kCorrupted, "chunk HEAD must have ", kHeadBytes, " bytes in version ", version);
    }
    if (data.size() < kHeaderEnd) {
        fail(Fault::kTruncated, "the file ends at byte ", data.size(), ", within its header");
    }
    std::size_t position = kStart;
    Numbers fields(read_chunk(data, position).payload, "chunk HEAD");
    Header header{};
    header.kind = static_cast<int>(fields.u8());
    header.color_space = static_cast<int>(fields.u8());
    const std::uint32_t width = fields.u32(), height = fields.u32();
    check_header(header, width, height);
    header.width = static_cast<int>(width), header.height = static_cast<int>(height);
    return header;
}

}  // namespace

std::uint32_t crc32(Bytes bytes, std::uint32_t before) {
    static constexpr auto kTable = crc_table();
    std::uint32_t value = ~before;
    for (const std::uint8_t byte : bytes) {
        value = value >> 8 ^ kTable[(value ^ byte) & 255];
    }
    return ~value;
}

void Numbers::need(std::size_t count) const {
    if (bytes_.size() < count) {
        fail(Fault::kCorrupted, owner_, " needs at least ", count, " bytes: got ", bytes_.size());
    }
}

Bytes Numbers::take(std::size_t count) {
    need(count);
    const Bytes taken = bytes_.part(0, count);
    bytes_ = bytes_.part(count, bytes_.size() - count);
    return taken;
}

std::uint32_t Numbers::integer(std::size_t size) {
    const Bytes bytes = take(size);
    std::uint32_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

std::vector<std::optional<Bytes>> Container::payloads(std::initializer_list<std::string_view> known) const {
    std::vector<std::optional<Bytes>> found(known.size());
    for (const auto& [tag, payload] : chunks) {
        const auto place = std::ranges::find(known, tag);
        if (place == known.end()) {
            if (is_capital(tag[0])) {
                fail(Fault::kUnsupported, "the file needs chunk ", tag,
                     ", which this build does not know for this kind of code");
            }
            continue;
        }
        auto& slot = found[place - known.begin()];
        if (slot) {
            fail(Fault::kCorrupted, "chunk ", tag, " occurs twice");
        }
        slot = payload;
    }
    return found;
}

Container read_container(Bytes data) {
    if (data.size() > kMaxFileBytes) {
        fail(Fault::kLimit, "a file holds at most ", kMaxFileBytes, " bytes: got ", data.size());
    }
    Container container{read_header(data), {}};
    std::size_t position = kHeaderEnd;
    while (true) {
        const Chunk chunk = read_chunk(data, position);
        if (chunk.tag == kTail) {
            if (chunk.payload.size() > 0) {
                fail(Fault::kCorrupted, "chunk TAIL must be empty: got ", chunk.payload.size(), " bytes");
            }
            break;
        }
        if (chunk.tag == kHead) {
            fail(Fault::kCorrupted, "a second HEAD chunk follows the first");
        }
        container.chunks.push_back(chunk);
        if (container.chunks.size() + 2 > kMaxChunks) {
            fail(Fault::kLimit, "a file holds at most ", kMaxChunks, " chunks");
        }
    }
    if (position != data.size()) {
        fail(Fault::kCorrupted, data.size() - position, " bytes follow the end of the file's contents");
    }
    return container;
}

Numbers required(const std::optional<Bytes>& payload, std::string_view tag, std::size_t size,
                 std::uint32_t flags) {
    if (!payload) {
        fail(Fault::kCorrupted, "this kind of code needs chunk ", tag, ": the file has none");
    }
    Numbers numbers(*payload, tag);
    numbers.need(size);
    const std::uint32_t set = numbers.u8();
    if (set & ~flags) {
        fail(Fault::kUnsupported, "chunk ", tag, " sets flags that this build does not know: ", set);
    }
    return Numbers(*payload, tag);
}

std::vector<std::uint8_t> read_alpha(const Header& header, const std::optional<Bytes>& payload) {
    if (header.has_alpha() != payload.has_value()) {
        fail(Fault::kCorrupted, header.has_alpha() ? "a picture with alpha needs chunk ALPH: the file has none"
                                                   : "chunk ALPH stands in a picture without alpha");
    }
    if (!payload) {
        return {};
    }
    const std::size_t width = header.width;
    auto alpha = inflated(*payload, width * header.height, "chunk ALPH");
    for (std::size_t i = 0; i < alpha.size(); ++i) {
        if (i % width) {
            alpha[i] = static_cast<std::uint8_t>(alpha[i] + alpha[i - 1]);
        }
    }
    return alpha;
}

}  // namespace selfsame::browser
