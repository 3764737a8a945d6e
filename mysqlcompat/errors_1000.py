"""Numbers, SQLSTATEs and message templates of MySQL's errors, 1000 to 1291.

One line a message: number, SQLSTATE, text with a %s for each argument; a line that begins with a
blank goes on with the message before. `errors.py` reads it.
"""

from typing import Final

TABLE: Final = """\
1004 HY000 Can't create file '%s' (errno: %s - %s)
1005 HY000 Can't create table '%s' (errno: %s - %s)
1006 HY000 Can't create database '%s' (errno: %s - %s)
1007 HY000 Can't create database '%s'; database exists
1008 HY000 Can't drop database '%s'; database doesn't exist
1010 HY000 Error dropping database (can't rmdir '%s', errno: %s - %s)
1016 HY000 Can't open file: '%s' (errno: %s - %s)
1020 HY000 Record has changed since last read in table '%s'
1021 HY000 Disk full (%s); waiting for someone to free some space... (errno: %s - %s)
1022 23000 Can't write; duplicate key in table '%s'
1025 HY000 Error on rename of '%s' to '%s' (errno: %s - %s)
1026 HY000 Error writing file '%s' (errno: %s - %s)
1030 HY000 Got error %s - '%s' from storage engine
1031 HY000 Table storage engine for '%s' doesn't have this option
1032 HY000 Can't find record in '%s'
1033 HY000 Incorrect information in file: '%s'
1036 HY000 Table '%s' is read only
1037 HY001 Out of memory; restart server and try again (needed %s bytes)
1038 HY001 Out of sort memory, consider increasing server sort buffer size
1040 08004 Too many connections
1041 HY000 Out of memory; check if mysqld or some other process uses all available memory; if not,
  you may have to use 'ulimit' to allow mysqld to use more memory or you can add more swap space
1043 08S01 Bad handshake
1044 42000 Access denied for user '%s'@'%s' to database '%s'
1045 28000 Access denied for user '%s'@'%s' (using password: %s)
1046 3D000 No database selected
1047 08S01 Unknown command
1048 23000 Column '%s' cannot be null
1049 42000 Unknown database '%s'
1050 42S01 Table '%s' already exists
1051 42S02 Unknown table '%s'
1052 23000 Column '%s' in %s is ambiguous
1053 08S01 Server shutdown in progress
1054 42S22 Unknown column '%s' in '%s'
1055 42000 '%s' isn't in GROUP BY
1056 42000 Can't group on '%s'
1057 42000 Statement has sum functions and columns in same statement
1058 21S01 Column count doesn't match value count
1059 42000 Identifier name '%s' is too long
1060 42S21 Duplicate column name '%s'
1061 42000 Duplicate key name '%s'
1062 23000 Duplicate entry '%s' for key '%s'
1063 42000 Incorrect column specifier for column '%s'
1064 42000 %s near '%s' at line %s
1065 42000 Query was empty
1066 42000 Not unique table/alias: '%s'
1067 42000 Invalid default value for '%s'
1068 42000 Multiple primary key defined
1069 42000 Too many keys specified; max %s keys allowed
1070 42000 Too many key parts specified; max %s parts allowed
1071 42000 Specified key was too long; max key length is %s bytes
1072 42000 Key column '%s' doesn't exist in table
1073 42000 BLOB column '%s' can't be used in key specification with the used table type
1074 42000 Column length too big for column '%s' (max = %s); use BLOB or TEXT instead
1075 42000 Incorrect table definition; there can be only one auto column and it must be defined as
  a key
1081 08S01 Can't create IP socket
1082 42S12 Table '%s' has no index like the one used in CREATE INDEX; recreate the table
1083 42000 Field separator argument is not what is expected; check the manual
1084 42000 You can't use fixed rowlength with BLOBs; please use 'fields terminated by'
1086 HY000 File '%s' already exists
1088 HY000 Records: %s  Duplicates: %s
1089 HY000 Incorrect prefix key; the used key part isn't a string, the used length is longer than
  the key part, or the storage engine doesn't support unique prefix keys
1090 42000 You can't delete all columns with ALTER TABLE; use DROP TABLE instead
1091 42000 Can't DROP '%s'; check that column/key exists
1092 HY000 Records: %s  Duplicates: %s  Warnings: %s
1093 HY000 You can't specify target table '%s' for update in FROM clause
1094 HY000 Unknown thread id: %s
1095 HY000 You are not owner of thread %s
1096 HY000 No tables used
1097 HY000 Too many strings for column %s and SET
1099 HY000 Table '%s' was locked with a READ lock and can't be updated
1100 HY000 Table '%s' was not locked with LOCK TABLES
1101 42000 BLOB, TEXT, GEOMETRY or JSON column '%s' can't have a default value
1102 42000 Incorrect database name '%s'
1103 42000 Incorrect table name '%s'
1104 42000 The SELECT would examine more than MAX_JOIN_SIZE rows; check your WHERE and use SET
  SQL_BIG_SELECTS=1 or SET MAX_JOIN_SIZE=# if the SELECT is okay
1105 HY000 Unknown error
1106 42000 Unknown procedure '%s'
1107 42000 Incorrect parameter count to procedure '%s'
1108 HY000 Incorrect parameters to procedure '%s'
1109 42S02 Unknown table '%s' in %s
1110 42000 Column '%s' specified twice
1111 HY000 Invalid use of group function
1112 42000 Table '%s' uses an extension that doesn't exist in this MySQL version
1113 42000 A table must have at least 1 column
1114 HY000 The table '%s' is full
1115 42000 Unknown character set: '%s'
1116 HY000 Too many tables; MySQL can only use %s tables in a join
1117 HY000 Too many columns
1118 42000 Row size too large. The maximum row size for the used table type, not counting BLOBs,
  is %s. This includes storage overhead, check the manual. You have to change some columns to TEXT
  or BLOBs
1119 HY000 Thread stack overrun:  Used: %s of a %s stack.  Use 'mysqld --thread_stack=#' to
  specify a bigger stack if needed
1120 42000 Cross dependency found in OUTER JOIN; examine your ON conditions
1121 42000 Table handler doesn't support NULL in given index. Please change column '%s' to be NOT
  NULL or use another handler
1124 HY000 No paths allowed for shared library
1125 HY000 Function '%s' already exists
1126 HY000 Can't open shared library '%s' (errno: %s %s)
1127 HY000 Can't find symbol '%s' in library
1128 HY000 Function '%s' is not defined
1132 42000 You must have privileges to update tables in the mysql database to be able to change
  passwords for others
1133 42000 Can't find any matching row in the user table
1136 21S01 Column count doesn't match value count at row %s
1137 HY000 Can't reopen table: '%s'
1138 22004 Invalid use of NULL value
1139 42000 Got error '%s' from regexp
1140 42000 Mixing of GROUP columns (MIN(),MAX(),COUNT(),...) with no GROUP columns is illegal if
  there is no GROUP BY clause
1141 42000 There is no such grant defined for user '%s' on host '%s'
1142 42000 %s command denied to user '%s'@'%s' for table '%s'
1143 42000 %s command denied to user '%s'@'%s' for column '%s' in table '%s'
1144 42000 Illegal GRANT/REVOKE command; please consult the manual to see which privileges can be
  used
1146 42S02 Table '%s.%s' doesn't exist
1147 42000 There is no such grant defined for user '%s' on host '%s' on table '%s'
1148 42000 The used command is not allowed with this MySQL version
1149 42000 You have an error in your SQL syntax; check the manual that corresponds to your MySQL
  server version for the right syntax to use
1152 08S01 Aborted connection %s to db: '%s' user: '%s' (%s)
1153 08S01 Got a packet bigger than 'max_allowed_packet' bytes
1154 08S01 Got a read error from the connection pipe
1155 08S01 Got an error from fcntl()
1156 08S01 Got packets out of order
1157 08S01 Couldn't uncompress communication packet
1158 08S01 Got an error reading communication packets
1159 08S01 Got timeout reading communication packets
1160 08S01 Got an error writing communication packets
1161 08S01 Got timeout writing communication packets
1162 42000 Result string is longer than 'max_allowed_packet' bytes
1163 42000 The used table type doesn't support BLOB/TEXT columns
1164 42000 The used table type doesn't support AUTO_INCREMENT columns
1166 42000 Incorrect column name '%s'
1167 42000 The used storage engine can't index column '%s'
1168 HY000 Unable to open underlying table which is differently defined or of non-MyISAM type or
  doesn't exist
1169 23000 Can't write, because of unique constraint, to table '%s'
1170 42000 BLOB/TEXT column '%s' used in key specification without a key length
1171 42000 All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE
  instead
1172 42000 Result consisted of more than one row
1173 42000 This table type requires a primary key
1175 HY000 You are using safe update mode and you tried to update a table without a WHERE that
  uses a KEY column. %s
1176 42000 Key '%s' doesn't exist in table '%s'
1179 25000 You are not allowed to execute this command in a transaction
1180 HY000 Got error %s - '%s' during COMMIT
1181 HY000 Got error %s - '%s' during ROLLBACK
1182 HY000 Got error %s during FLUSH_LOGS
1184 08S01 Aborted connection %s to db: '%s' user: '%s' host: '%s' (%s)
1191 HY000 Can't find FULLTEXT index matching the column list
1192 HY000 Can't execute the given command because you have active locked tables or an active
  transaction
1193 HY000 Unknown system variable '%s'
1194 HY000 Table '%s' is marked as crashed and should be repaired
1196 HY000 Some non-transactional changed tables couldn't be rolled back
1197 HY000 Multi-statement transaction required more than 'max_binlog_cache_size' bytes of
  storage; increase this mysqld variable and try again
1203 42000 User %s already has more than 'max_user_connections' active connections
1204 HY000 You may only use constant expressions with SET
1205 HY000 Lock wait timeout exceeded; try restarting transaction
1206 HY000 The total number of locks exceeds the lock table size
1207 25000 Update locks cannot be acquired during a READ UNCOMMITTED transaction
1210 HY000 Incorrect arguments to %s
1211 42000 '%s'@'%s' is not allowed to create new users
1213 40001 Deadlock found when trying to get lock; try restarting transaction
1214 HY000 The used table type doesn't support FULLTEXT indexes
1215 HY000 Cannot add foreign key constraint
1216 23000 Cannot add or update a child row: a foreign key constraint fails
1217 23000 Cannot delete or update a parent row: a foreign key constraint fails
1218 08S01 Error connecting to source: %s
1221 HY000 Incorrect usage of %s and %s
1222 21000 The used SELECT statements have a different number of columns
1223 HY000 Can't execute the query because you have a conflicting read lock
1226 42000 User '%s' has exceeded the '%s' resource (current value: %s)
1227 42000 Access denied; you need (at least one of) the %s privilege(s) for this operation
1228 HY000 Variable '%s' is a SESSION variable and can't be used with SET GLOBAL
1229 HY000 Variable '%s' is a GLOBAL variable and should be set with SET GLOBAL
1230 42000 Variable '%s' doesn't have a default value
1231 42000 Variable '%s' can't be set to the value of '%s'
1232 42000 Incorrect argument type to variable '%s'
1233 HY000 Variable '%s' can only be set, not read
1234 42000 Incorrect usage/placement of '%s'
1235 42000 This version of MySQL doesn't yet support '%s'
1238 HY000 Variable '%s' is a %s variable
1239 42000 Incorrect foreign key definition for '%s': %s
1241 21000 Operand should contain %s column(s)
1242 21000 Subquery returns more than 1 row
1243 HY000 Unknown prepared statement handler (%s) given to %s
1244 HY000 Help database is corrupt or does not exist
1246 HY000 Converting column '%s' from %s to %s
1247 42S22 Reference '%s' not supported (%s)
1248 42000 Every derived table must have its own alias
1249 01000 Select %s was reduced during optimization
1250 42000 Table '%s' from one of the SELECTs cannot be used in %s
1251 08004 Client does not support authentication protocol requested by server; consider upgrading
  MySQL client
1253 42000 COLLATION '%s' is not valid for CHARACTER SET '%s'
1260 HY000 Row %s was cut by GROUP_CONCAT()
1261 01000 Row %s doesn't contain data for all columns
1262 01000 Row %s was truncated; it contained more data than there were input columns
1263 22004 Column set to default value; NULL supplied to NOT NULL column '%s' at row %s
1264 22003 Out of range value for column '%s' at row %s
1265 01000 Data truncated for column '%s' at row %s
1266 HY000 Using storage engine %s for table '%s'
1267 HY000 Illegal mix of collations (%s,%s) and (%s,%s) for operation '%s'
1269 HY000 Can't revoke all privileges for one or more of the requested users
1270 HY000 Illegal mix of collations (%s,%s), (%s,%s), (%s,%s) for operation '%s'
1271 HY000 Illegal mix of collations for operation '%s'
1273 HY000 Unknown collation: '%s'
1276 HY000 Field or reference '%s%s%s%s%s' of SELECT #%s was resolved in SELECT #%s
1280 42000 Incorrect index name '%s'
1281 42000 Incorrect catalog name '%s'
1284 HY000 Unknown key cache '%s'
1286 42000 Unknown storage engine '%s'
1287 HY000 '%s' is deprecated and will be removed in a future release. Please use %s instead
1288 HY000 The target table %s of the %s is not updatable
1290 HY000 The MySQL server is running with the %s option so it cannot execute this statement
1291 HY000 Column '%s' has duplicated value '%s' in %s
"""
