// The numbers of a code by name, for the page to read where they lie.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "browser/files/codes.hpp"

namespace selfsame::browser {

class Listing {
public:
    enum Type : std::uint32_t { kText, kBytes, kSignedBytes, kIntegers, kDoubles, kNumber };

    // As the page reads it; names with dots are those of parts.
    struct Field {
        const char* name;
        std::uint32_t name_length, type, count;
        const void* data;
    };

    void add(const IfsCode& code);
    void add(const PifsCode& code);
    void add(const CollageCode& code);
    void add(const MosaicCode& code);
    void add(const GridCode& code);

    void number(std::string name, double value);
    void text(std::string name, std::string_view value);
    // Arrays, which must stay where they are.
    void array(std::string name, const std::uint8_t* data, std::size_t count);
    void array(std::string name, const std::int8_t* data, std::size_t count);
    void array(std::string name, const std::int32_t* data, std::size_t count);
    void array(std::string name, const double* data, std::size_t count);

    const std::vector<Field>& fields() const { return fields_; }

private:
    void put(std::string name, Type type, const void* data, std::size_t count);

    std::vector<Field> fields_;
    std::deque<std::string> names_;
    std::deque<double> numbers_;
};

}  // namespace selfsame::browser
