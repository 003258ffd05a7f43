# embed.awk FILE...: write the presets as C, one string a line, for the library to carry.
BEGIN { print "/* Made from configs/ by tools/embed.awk. */\n#include \"config/presets.h\"\n" }
FNR == 1 {
  if (n) print "\tNULL};"
  name[++n] = FILENAME
  sub(/.*\//, "", name[n]); sub(/\.json$/, "", name[n])
  print "static const char *const preset_" n "[] = {"
}
{
  line = $0
  gsub(/\\/, "\\\\", line); gsub(/"/, "\\\"", line); gsub(/\t/, "\\t", line)
  print "\t\"" line "\","
}
END {
  if (n) print "\tNULL};"
  print "const struct preset presets[] = {"
  for (i = 1; i <= n; i++) print "\t{\"" name[i] "\", preset_" i "},"
  print "\t{NULL, NULL}};"
}
