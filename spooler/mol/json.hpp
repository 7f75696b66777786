/* jansson with ownership: a Json owns one reference. */
#ifndef NMR_MOL_JSON_HPP
#define NMR_MOL_JSON_HPP

#include <jansson.h>

#include <string>
#include <utility>
#include <vector>

#include "mol/refusal.hpp"

namespace mol {

class Json {
public:
	explicit Json(json_t *owned) : p(owned) {}
	Json(const char *s) : p(json_string(s)) {}
	Json(const std::string &s) : p(json_stringn(s.data(), s.size())) {}
	Json(int v) : p(json_integer(v)) {}
	Json(double v) : p(json_real(v)) {}
	Json(bool v) : p(json_boolean(v)) {}
	Json(Json &&o) noexcept : p(std::exchange(o.p, nullptr)) {}
	Json(const Json &) = delete;
	Json &operator=(const Json &) = delete;
	Json &operator=(Json &&) = delete;
	~Json() { json_decref(p); }

	static Json object() { return Json(json_object()); }
	static Json array() { return Json(json_array()); }
	/* A string, number or bool; texts that are not UTF-8 become null. */
	Json &set(const char *key, Json v)
	{
		json_object_set_new(p, key, v.take());
		return *this;
	}
	void push(Json v) { json_array_append_new(p, v.take()); }
	json_t *take() { return p ? std::exchange(p, nullptr) : json_null(); }
	json_t *get() const { return p; }

private:
	json_t *p;
};

inline Json json_of(const std::vector<int> &v)
{
	Json a = Json::array();
	for (const int x : v)
		a.push(x);
	return a;
}

inline Json json_of(const std::vector<std::string> &v)
{
	Json a = Json::array();
	for (const std::string &x : v)
		a.push(x);
	return a;
}

inline Json json_of(const Refusal &r)
{
	Json o = Json::object();
	o.set("code", r.code).set("what", r.what).set("why", r.why).set("remedy", r.remedy);
	return o;
}

inline Json json_of(const std::vector<Warning> &list)
{
	Json a = Json::array();
	for (const Warning &w : list) {
		Json o = Json::object();
		o.set("code", w.code).set("text", w.text);
		a.push(std::move(o));
	}
	return a;
}

} // namespace mol

#endif
