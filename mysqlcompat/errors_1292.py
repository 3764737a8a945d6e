"""Numbers, SQLSTATEs and message templates of MySQL's errors, 1292 and above.

One line a message: number, SQLSTATE, text with a %s for each argument; a line that begins with a
blank goes on with the message before. `errors.py` reads it.
"""

from typing import Final

TABLE: Final = """\
1292 22007 Truncated incorrect %s value: '%s'
1294 HY000 Invalid ON UPDATE clause for '%s' column
1295 HY000 This command is not supported in the prepared statement protocol yet
1296 HY000 Got error %s '%s' from %s
1297 HY000 Got temporary error %s '%s' from %s
1298 HY000 Unknown or incorrect time zone: '%s'
1299 HY000 Invalid TIMESTAMP value in column '%s' at row %s
1300 HY000 Invalid %s character string: '%s'
1301 HY000 Result of %s() was larger than max_allowed_packet (%s) - truncated
1302 HY000 Conflicting declarations: '%s%s' and '%s%s'
1305 42000 %s %s does not exist
1313 42000 RETURN is only allowed in a FUNCTION
1315 42000 The update log is deprecated and replaced by the binary log; SET SQL_LOG_UPDATE has
  been ignored.
1317 70100 Query execution was interrupted
1318 42000 Incorrect number of arguments for %s %s; expected %s, got %s
1319 42000 Undefined CONDITION: %s
1322 42000 Cursor statement must be a SELECT
1324 42000 Undefined CURSOR: %s
1335 0A000 Subquery value not supported
1336 0A000 %s is not allowed in stored function or trigger
1340 HY000 Configuration file '%s' is too big
1341 HY000 Malformed file type header in file '%s'
1345 HY000 EXPLAIN/SHOW can not be issued; lacking privileges for underlying table
1347 HY000 '%s.%s' is not %s
1348 HY000 Column '%s' is not updatable
1350 HY000 View's SELECT contains a '%s' clause
1351 HY000 View's SELECT contains a variable or parameter
1352 HY000 View's SELECT refers to a temporary table '%s'
1353 HY000 In definition of view, derived table or common table expression, SELECT list and column
  names list have different column counts
1354 HY000 View merge algorithm can't be used here for now (assumed undefined algorithm)
1355 HY000 View being updated does not have complete key of underlying table in it
1356 HY000 View '%s.%s' references invalid table(s) or column(s) or function(s) or definer/invoker
  of view lack rights to use them
1359 HY000 Trigger already exists
1360 HY000 Trigger does not exist
1361 HY000 Trigger's '%s' is view or temporary table
1362 HY000 Updating of %s row is not allowed in %strigger
1363 HY000 There is no %s row in %s trigger
1364 HY000 Field '%s' doesn't have a default value
1365 22012 Division by 0
1366 HY000 Incorrect %s value: '%s' for column '%s' at row %s
1367 22007 Illegal %s '%s' value found during parsing
1368 HY000 CHECK OPTION on non-updatable view '%s.%s'
1369 HY000 CHECK OPTION failed '%s.%s'
1370 42000 %s command denied to user '%s'@'%s' for routine '%s'
1382 HY000 The '%s' syntax is reserved for purposes internal to the MySQL server
1390 HY000 Prepared statement contains too many placeholders
1391 HY000 Key part '%s' length cannot be 0
1392 HY000 View text checksum failed
1393 HY000 Can not modify more than one base table through a join view '%s.%s'
1394 HY000 Can not insert into join view '%s.%s' without fields list
1395 HY000 Can not delete from join view '%s.%s'
1396 HY000 Operation %s failed for %s
1399 XAE07 XAER_RMFAIL: The command cannot be executed when global transaction is in the  %s state
1400 XAE09 XAER_OUTSIDE: Some work is done outside global transaction
1402 XA100 XA_RBROLLBACK: Transaction branch was rolled back
1403 42000 There is no such grant defined for user '%s' on host '%s' on routine '%s'
1406 22001 Data too long for column '%s' at row %s
1408 HY000 %s: ready for connections. Version: '%s'  socket: '%s'  port: %s  %s
1411 HY000 Incorrect %s value: '%s' for function %s
1412 HY000 Table definition has changed, please retry transaction
1415 0A000 Not allowed to return a result set from a %s
1421 HY000 The statement (%s) has no open cursor.
1422 HY000 Explicit or implicit commit is not allowed in stored function or trigger.
1423 HY000 Field of view '%s.%s' underlying table doesn't have a default value
1425 42000 Too big scale %s specified for column '%s'. Maximum is %s.
1426 42000 Too-big precision %s specified for '%s'. Maximum is %s.
1427 42000 For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '%s').
1428 HY000 You can't combine write-locking of system tables with other tables or lock types
1436 HY000 Thread stack overrun:  %s bytes used of a %s byte stack, and %s bytes needed.  Use
  'mysqld --thread_stack=#' to specify a bigger stack.
1437 42000 Routine body for '%s' is too long
1438 HY000 Cannot drop default keycache
1439 42000 Display width out of range for column '%s' (max = %s)
1441 22008 Datetime function: %s field overflow
1442 HY000 Can't update table '%s' in stored function/trigger because it is already used by
  statement which invoked this stored function/trigger.
1444 HY000 The prepared statement contains a stored routine call that refers to that same
  statement. It's not allowed to execute a prepared statement in such a recursive manner
1447 HY000 View '%s'.'%s' has no definer information (old table format). Current user is used as
  definer. Please recreate the view!
1449 HY000 The user specified as a definer ('%s'@'%s') does not exist
1450 HY000 Changing schema from '%s' to '%s' is not allowed.
1451 23000 Cannot delete or update a parent row: a foreign key constraint fails%s
1452 23000 Cannot add or update a child row: a foreign key constraint fails%s
1459 HY000 Table upgrade required. Please do "REPAIR TABLE `%s`" or dump/reload to fix it!
1461 42000 Can't create more than max_prepared_stmt_count statements (current value: %s)
1462 HY000 `%s`.`%s` contains view recursion
1463 42000 Non-grouping field '%s' is used in %s clause
1464 HY000 The used table type doesn't support SPATIAL indexes
1466 HY000 Leading spaces are removed from name '%s'
1467 HY000 Failed to read auto-increment value from storage engine
1468 HY000 user name
1470 HY000 String '%s' is too long for %s (should be no longer than %s)
1471 HY000 The target table %s of the %s is not insertable-into
1472 HY000 Table '%s' is differently defined or of non-MyISAM type or doesn't exist
1473 HY000 Too high level of nesting for select
1475 HY000 First character of the FIELDS TERMINATED string is ambiguous; please use non-optional
  and non-empty FIELDS ENCLOSED BY
1478 HY000 Table storage engine '%s' does not support the create option '%s'
1525 HY000 Incorrect %s value: '%s'
1526 HY000 Table has no partition for value %s
1553 HY000 Cannot drop index '%s': needed in a foreign key constraint
1556 HY000 You can't use locks with log tables.
1557 23000 Upholding foreign key constraints for table '%s', entry '%s', key %s would lead to a
  duplicate entry
1558 HY000 The column count of mysql.%s is wrong. Expected %s, found %s. Created with MySQL %s,
  now running %s. Please perform the MySQL upgrade procedure.
1568 25001 Transaction characteristics can't be changed while a transaction is in progress
1569 HY000 ALTER TABLE causes auto_increment resequencing, resulting in duplicate entry '%s' for
  key '%s'
1575 HY000 Decoding of base64 string failed
1578 HY000 Only integers allowed as number here
1580 HY000 You cannot '%s' a log table if logging is enabled
1581 HY000 Cannot rename '%s'. When logging enabled, rename to/from log table must rename two
  tables: the log table to an archive table and another table back to '%s'
1582 42000 Incorrect parameter count in the call to native function '%s'
1583 42000 Incorrect parameters in the call to native function '%s'
1584 42000 Incorrect parameters in the call to stored function %s
1586 23000 Duplicate entry '%s' for key '%s'
1612 HY000 Being purged log %s was not found
1613 XA106 XA_RBTIMEOUT: Transaction branch was rolled back: took too long
1614 XA102 XA_RBDEADLOCK: Transaction branch was rolled back: deadlock was detected
1615 HY000 Prepared statement needs to be re-prepared
1621 HY000 %s variable '%s' is read-only. Use SET %s to assign the value
1622 HY000 Storage engine %s does not support rollback for this statement. Transaction rolled back
  and must be restarted
1628 HY000 Comment for table '%s' is too long (max = %s)
1629 HY000 The maximum supported character limit for the field, '%s', has been exceeded (max = %s)
1630 42000 FUNCTION %s does not exist. Check the 'Function Name Parsing and Resolution' section in
  the Reference Manual
1641 42000 Duplicate condition information item '%s'
1642 01000 Unhandled user-defined warning condition
1643 02000 Unhandled user-defined not found condition
1644 HY000 Unhandled user-defined exception condition
1646 HY000 SIGNAL/RESIGNAL can only use a CONDITION defined with SQLSTATE
1648 HY000 Data too long for condition item '%s'
1649 HY000 Unknown locale: '%s'
1654 HY000 Partition column values of incorrect type
1656 HY000 Cannot use MAXVALUE as value in VALUES IN
1657 HY000 Cannot have more than one value for this type of %s partitioning
1682 HY000 Native table '%s'.'%s' has the wrong structure
1683 HY000 Invalid performance_schema usage.
1684 HY000 Table '%s'.'%s' was skipped since its definition is being modified by concurrent DDL
  statement
1688 HY000 Comment for index '%s' is too long (max = %s)
1689 HY000 Wait on a lock was aborted due to a pending exclusive lock
1690 22003 %s value is out of range in '%s'
1701 42000 Cannot truncate a table referenced in a foreign key constraint (%s)
1706 HY000 Primary key/partition key update is not allowed since the table is updated both as '%s'
  and '%s'.
1712 HY000 Index %s is corrupted
1713 HY000 Undo log record is too big.
1728 HY000 Cannot load from %s.%s. The table is probably corrupted
1746 HY000 Can't update table '%s' while '%s' is being created.
1758 35000 Invalid condition number
1759 HY000 Sending passwords in plain text without SSL/TLS is extremely insecure.
1760 HY000 Storing MySQL user name or password information in the connection metadata repository
  is not secure and is therefore not recommended. Please consider using the USER and PASSWORD
  connection options for START REPLICA; see the 'START REPLICA Syntax' in the MySQL Manual for
  more information.
1761 23000 Foreign key constraint for table '%s', record '%s' would lead to a duplicate entry in
  table '%s', key '%s'
1762 23000 Foreign key constraint for table '%s', record '%s' would lead to a duplicate entry in a
  child table
1764 HY000 The table does not have FULLTEXT index to support this query
1765 HY000 The system variable %s cannot be set in stored functions or triggers.
1766 HY000 The system variable %s cannot be set when there is an ongoing transaction.
1769 HY000 The statement 'SET %s' cannot invoke a stored function.
1775 HY000 Impossible to generate GTID: the integer component reached the maximum value. Restart
  the server with a new server_uuid.
1791 HY000 Unknown EXPLAIN format name: '%s'
1792 25006 Cannot execute statement in a READ ONLY transaction.
1815 HY000 Internal error: %s
1817 HY000 Index corrupt: %s
1819 HY000 Your password does not satisfy the current policy requirements
1821 HY000 Failed to add the foreign key constraint. Missing index for constraint '%s' in the
  foreign table '%s'
1822 HY000 Failed to add the foreign key constraint. Missing index for constraint '%s' in the
  referenced table '%s'
1823 HY000 Failed to add the foreign key constraint '%s' to system tables
1824 HY000 Failed to open the referenced table '%s'
1825 HY000 Failed to add the foreign key constraint on table '%s'. Incorrect options in FOREIGN
  KEY constraint '%s'
1826 HY000 Duplicate foreign key constraint name '%s'
1827 HY000 The password hash doesn't have the expected format.
1828 HY000 Cannot drop column '%s': needed in a foreign key constraint '%s'
1829 HY000 Cannot drop column '%s': needed in a foreign key constraint '%s' of table '%s'
1830 HY000 Column '%s' cannot be NOT NULL: needed in a foreign key constraint '%s' SET NULL
1831 HY000 Duplicate index '%s' defined on the table '%s.%s'. This is deprecated and will be
  disallowed in a future release.
1832 HY000 Cannot change column '%s': used in a foreign key constraint '%s'
1833 HY000 Cannot change column '%s': used in a foreign key constraint '%s' of table '%s'
1835 HY000 Malformed communication packet.
1836 HY000 Running in read-only mode
1838 HY000 The system variable %s cannot be set in stored procedures.
1800 HY000 Unknown ALGORITHM '%s'
1801 HY000 Unknown LOCK type '%s'
1845 0A000 %s is not supported for this operation. Try %s.
1846 0A000 %s is not supported. Reason: %s. Try %s.
1847 HY000 COPY algorithm requires a lock
1849 HY000 Columns participating in a foreign key are renamed
1850 HY000 Cannot change column type INPLACE
1851 HY000 Adding foreign keys needs foreign_key_checks=OFF
1853 HY000 Dropping a primary key is not allowed without also adding a new primary key
1854 HY000 Adding an auto-increment column requires a lock
1855 HY000 Cannot replace hidden FTS_DOC_ID with a user-visible one
1857 HY000 Fulltext index creation requires a lock
1861 HY000 cannot silently convert NULL values, as required in this SQL_MODE
1867 HY000 file %s was not purged because it was being read by %s thread(s), purged only %s out of
  %s files.
1873 28000 Access denied trying to change to user '%s'@'%s' (using password: %s). Disconnecting.
1874 HY000 InnoDB is in read only mode.
1878 HY000 Temporary file write failure.
1880 HY000 TIME/TIMESTAMP/DATETIME columns of old format have been upgraded to the new format.
1881 HY000 Operation not allowed when innodb_force_recovery > 0.
1882 HY000 The initialization vector supplied to %s is too short. Must be at least %s bytes long
1886 HY000 The table '%s.%s' does not have the necessary key(s) defined on it. Please check the
  table definition and create index(s) accordingly.
3008 HY000 Foreign key cascade delete/update exceeds max depth of %s.
3013 HY000 Invalid size for column '%s'.
3020 2201E Invalid argument for logarithm
3024 HY000 Query execution was interrupted, maximum statement execution time exceeded
3057 42000 Incorrect user-level lock name '%s'. The name is empty, NULL, or can not be expressed in
  the current character-set.
3058 HY000 Deadlock found when trying to get user-level lock; try rolling back
  transaction/releasing locks and restarting lock acquisition.
3061 42000 User variable name '%s' is illegal
3065 HY000 Expression #%s of ORDER BY clause is not in SELECT list, references column '%s' which
  is not in SELECT list; this is incompatible with %s
3098 HY000 The table does not comply with the requirements by an external plugin.
3100 HY000 Error on observer while running replication hook '%s'.
3101 40000 Plugin instructed the server to rollback the current transaction.
3064 HY000 Incorrect type for argument %s in function %s.
3102 HY000 Expression of generated column '%s' contains a disallowed function.
3103 HY000 INPLACE ADD or DROP of virtual columns cannot be combined with other ALTER TABLE
  actions
3104 HY000 Cannot define foreign key with %s clause on a generated column.
3105 HY000 The value specified for generated column '%s' in table '%s' is not allowed.
3106 HY000 '%s' is not supported for generated columns.
3107 HY000 Generated column can refer only to generated columns defined prior to it.
3108 HY000 Column '%s' has a generated column dependency.
3109 HY000 Generated column '%s' cannot refer to auto-increment column.
3118 HY000 Access denied for user '%s'@'%s'. Account is locked.
3130 HY000 Command not supported by pluggable protocols
3135 HY000 'NO_ZERO_DATE', 'NO_ZERO_IN_DATE' and 'ERROR_FOR_DIVISION_BY_ZERO' sql modes should be
  used with strict mode. They will be merged with strict mode in a future release.
3140 22032 Invalid JSON text: "%s" at position %s in value for column '%s'.
3141 22032 Invalid JSON text in argument %s to function %s: "%s" at position %s.%s
3143 42000 Invalid JSON path expression. The error is around character position %s.%s
3144 22032 Cannot create a JSON value from a string with CHARACTER SET '%s'.
3146 22032 Invalid data type for JSON data in argument %s to function %s; a JSON string or JSON
  type is required.
3148 42000 A path expression must be encoded in the utf8 character set. The path expression '%s'
  is encoded in character set '%s'.
3149 42000 In this situation, path expressions may not contain the * and ** tokens or an array
  range.
3150 22032 The JSON value is too big to be stored in a JSON column.
3151 22032 The JSON object contains a key name that is too long.
3152 42000 JSON column '%s' supports indexing only via generated columns on a specified JSON path.
3153 42000 The path expression '$' is not allowed in this context.
3154 42000 The oneOrAll argument to %s may take these values: 'one' or 'all'.
3155 22003 Out of range JSON value for CAST to %s%s from column %s at row %s
3156 22018 Invalid JSON value for CAST to %s%s from column %s at row %s
3157 22032 The JSON document exceeds the maximum depth.
3158 22032 JSON documents may not contain NULL member names.
3159 HY000 Connections using insecure transport are prohibited while
  --require_secure_transport=ON.
3165 42000 A path expression is not a path to a cell in an array.
3175 HY000 Cannot create index on virtual column whose base column has foreign constraint.
3235 HY000 KDF method name is not valid. Please use hkdf or pbkdf2_hmac method name
3236 HY000 For KDF method %s iterations value less than 1000 or more than 65535 is not allowed
  due to security reasons. Please provide iterations >= 1000 and iterations < 65535
3238 HY000 KDF option size is invalid, please provide valid size < 256 bytes and not NULL
3500 HY000 CREATE TEMPORARY TABLE is not allowed with ROW_FORMAT=COMPRESSED or KEY_BLOCK_SIZE.
3505 HY000 Too long enumeration/set value for column %s.
3507 HY000 Failed to update %s dictionary object.
3508 HY000 Dictionary object id (%s) does not exist.
3513 HY000 Binary operands of bitwise operators must be of equal length
3514 HY000 Aggregate bitwise functions cannot accept arguments longer than 511 bytes; consider
  using the SUBSTRING() function
3522 HY000 A primary key index cannot be invisible
3523 HY000 Unknown authorization ID `%s`@`%s`
3530 HY000 `%s`@`%s` is not granted to `%s`@`%s`
3554 HY000 Access to %s '%s.%s' is rejected.
3558 22023 Invalid option key '%s' in function %s.
3564 22023 Duplicate option key '%s' in funtion '%s'.
3567 HY000 The requested value '%s' for the next binary log index is out of range. Please use a
  value between '1' and '%s'.
3568 HY000 Unresolved table name %s in locking clause.
3569 HY000 Table %s appears in multiple locking clauses.
3572 HY000 Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.
3573 HY000 Recursive Common Table Expression '%s' should contain a UNION
3574 HY000 Recursive Common Table Expression '%s' should have one or more non-recursive query
  blocks followed by one or more recursive ones
3575 HY000 Recursive Common Table Expression '%s' can contain neither aggregation nor window
  functions in recursive query block
3576 HY000 In recursive query block of Recursive Common Table Expression '%s', the recursive table
  must neither be in the right argument of a LEFT JOIN, nor be forced to be non-first with join
  order hints
3577 HY000 In recursive query block of Recursive Common Table Expression '%s', the recursive table
  must be referenced only once, and not in any subquery
3578 HY000 '%s' requires @@internal_tmp_disk_storage_engine=InnoDB
3579 HY000 Window name '%s' is not defined.
3580 HY000 There is a circularity in the window dependency graph.
3582 HY000 Window '%s' has a frame definition, so cannot be referenced by another window.
3583 HY000 Window '%s' cannot inherit '%s' since both contain an ORDER BY clause.
3584 HY000 Window '%s': frame start cannot be UNBOUNDED FOLLOWING.
3585 HY000 Window '%s': frame end cannot be UNBOUNDED PRECEDING.
3586 HY000 Window '%s': frame start or end is negative, NULL or of non-integral type
3587 HY000 Window '%s' with RANGE N PRECEDING/FOLLOWING frame requires exactly one deterministic
  ORDER BY expression, of numeric or temporal type
3588 HY000 Window '%s' with RANGE frame has ORDER BY expression of datetime type. Only INTERVAL
  bound value allowed.
3589 HY000 Window '%s' with RANGE frame has ORDER BY expression of numeric type, INTERVAL bound
  value not allowed.
3590 HY000 Window '%s' has a non-constant frame bound.
3591 HY000 Window '%s' is defined twice.
3592 HY000 Window '%s': ORDER BY or PARTITION BY uses legacy position indication which is not
  supported, use expression.
3593 HY000 You cannot use the window function '%s' in this context.'
3594 HY000 You cannot use the alias '%s' of an expression containing a window function in this
  context.'
3595 HY000 You cannot nest a window function in the specification of window '%s'.
3596 HY000 Window '%s': INTERVAL can only be used with RANGE frames.
3597 HY000 ASC or DESC with GROUP BY isn't allowed with window functions; put ASC or DESC in ORDER
  BY
3598 HY000 To get information about window functions use EXPLAIN FORMAT=JSON
3599 HY000 Window function '%s' ignores the frame clause of window '%s' and aggregates over the
  whole partition
3600 HY000 Windowing requires @@internal_tmp_mem_storage_engine=TempTable.
3602 HY000 Argument #%s of GROUPING function is not in GROUP BY
3616 22S02 Longitude %s is out of range in function %s. It must be within (%s, %s].
3617 22S03 Latitude %s is out of range in function %s. It must be within [%s, %s].
3619 HY000 Illegal privilege level specified for %s
3638 HY000 Cannot use these credentials for '%s@%s' because they contradict the password history
  policy
3654 HY000 Invalid thread priority value %s for %s resource group %s. Allowed range is [%s, %s].
3655 HY000 %s operation is disallowed on %s
3665 22035 Missing value for JSON_TABLE column '%s'
3666 2203F Can't store an array or an object in the scalar JSON_TABLE column '%s'
3667 42000 Every table function must have an alias
3668 42000 More than supported %s NESTED PATHs were found in JSON_TABLE '%s'
3669 22003 Value is out of range for JSON_TABLE's column '%s'
3675 HY000 Create table/tablespace '%s' failed, as disk is full
3676 HY000 Could not parse argument to digest function: "%s".
3685 HY000 Illegal argument to a regular expression.
3686 HY000 Index out of bounds in regular expression search.
3687 HY000 Internal error in the regular expression library.
3688 HY000 Syntax error in regular expression on line %s, character %s.
3689 HY000 Unrecognized escape sequence in regular expression.
3690 HY000 The regular expression contains a feature that is not implemented in this library
  version.
3691 HY000 Mismatched parenthesis in regular expression.
3692 HY000 Incorrect description of a {min,max} interval.
3693 HY000 The maximum is less than the minumum in a {min,max} interval.
3694 HY000 Invalid back-reference in regular expression.
3695 HY000 The look-behind assertion exceeds the limit in regular expression.
3696 HY000 The regular expression contains an unclosed bracket expression.
3697 HY000 The regular expression contains an [x-y] character range where x comes after y.
3699 HY000 Timeout exceeded in regular expression match.
3700 HY000 The regular expression pattern exceeds limits on size or complexity.
3719 HY000 'utf8' is currently an alias for the character set UTF8MB3, but will be an alias for
  UTF8MB4 in a future release. Please consider using UTF8MB4 in order to be unambiguous.
3720 HY000 NATIONAL/NCHAR/NVARCHAR implies the character set UTF8MB3, which will be replaced by
  UTF8MB4 in a future release. Please consider using CHAR(x) CHARACTER SET UTF8MB4 in order to be
  unambiguous.
3730 HY000 Cannot drop table '%s' referenced by a foreign key constraint '%s' on table '%s'.
3733 HY000 Foreign key '%s' uses virtual column '%s' which is not supported.
3734 HY000 Failed to add the foreign key constraint. Missing column '%s' for constraint '%s' in
  the referenced table '%s'
3750 HY000 Unable to create or change a table without a primary key, when the system variable
  'sql_require_primary_key' is set. Add a primary key to the table or unset this variable to avoid
  this message. Note that tables without a primary key can cause performance problems in row-based
  replication, so please consult your DBA before changing this setting.
3751 01000 Data truncated for functional index '%s' at row %s
3752 22003 Value is out of range for functional index '%s' at row %s
3753 HY000 Cannot create a functional index on a function that returns a JSON or GEOMETRY value.
3754 HY000 Functional index '%s' cannot refer to an auto-increment column.
3755 HY000 Cannot drop column '%s' because it is used by a functional index. In order to drop the
  column, you must remove the functional index.
3756 HY000 The primary key cannot be a functional index
3757 HY000 Cannot create a functional index on an expression that returns a BLOB or TEXT. Please
  consider using CAST.
3758 HY000 Expression of functional index '%s' contains a disallowed function.
3759 HY000 Fulltext functional index is not supported.
3761 HY000 The used storage engine cannot index the expression '%s'.
3762 HY000 Functional index on a column is not supported. Consider using a regular index instead.
3763 HY000 Expression of generated column '%s' contains a disallowed function: %s.
3764 HY000 Expression of generated column '%s' cannot refer to a row value.
3765 HY000 Expression of generated column '%s' cannot refer user or system variables.
3766 HY000 Column '%s' of table '%s' has a default value expression dependency and cannot be
  dropped or renamed.
3767 HY000 Default value expression of column '%s' cannot refer to a column defined after it if
  that column is a generated column or has an expression as default value.
3768 HY000 Default value expression of column '%s' cannot refer to an auto-increment column.
3769 HY000 Default value expression of column '%s' contains a disallowed function.
3770 HY000 Default value expression of column '%s' contains a disallowed function: %s.
3772 HY000 Default value expression of column '%s' cannot refer user or system variables.
3773 HY000 DEFAULT function cannot be used with default value expressions
3774 HY000 '%s' is not supported for default value expressions.
3780 HY000 Referencing column '%s' and referenced column '%s' in foreign key constraint '%s' are
  incompatible.
3812 HY000 An expression of non-boolean type specified to a check constraint '%s'.
3813 HY000 Column check constraint '%s' references other column.
3814 HY000 An expression of a check constraint '%s' contains disallowed function: %s.
3815 HY000 An expression of a check constraint '%s' contains disallowed function.
3816 HY000 An expression of a check constraint '%s' cannot refer to a user or system variable.
3818 HY000 Check constraint '%s' cannot refer to an auto-increment column.
3819 HY000 Check constraint '%s' is violated.
3820 HY000 Check constraint '%s' refers to non-existing column '%s'.
3821 HY000 Check constraint '%s' is not found in the table.
3822 HY000 Duplicate check constraint name '%s'.
3823 HY000 Column '%s' cannot be used in a check constraint '%s': needed in a foreign key
  constraint '%s' referential action.
3825 HY000 Request to create %s table while using an %s tablespace.
3837 HY000 Column '%s' has a functional index dependency and cannot be dropped or renamed.
3853 22032 Invalid JSON type in argument %s to function %s; an %s is required.
3854 HY000 Cannot convert string '%s' from %s to %s
3877 HY000 %s
3887 HY000 A capture group has an invalid name.
3903 22018 Invalid JSON value for CAST for functional index '%s'.
3904 22003 Out of range JSON value for CAST for functional index '%s'.
3905 HY000 Exceeded max number of values per record for multi-valued index '%s' by %s value(s).
3906 HY000 Exceeded max total length of values per record for multi-valued index '%s' by %s bytes.
3907 22001 Data too long for functional index '%s'.
3908 HY000 Cannot store an array or an object in a scalar key part of the index '%s'.
3940 HY000 Constraint '%s' does not exist.
3941 HY000 Altering constraint enforcement is not supported for the constraint '%s'. Enforcement
  state alter is not supported for the PRIMARY, UNIQUE and FOREIGN KEY type constraints.
3943 HY000 A VALUES clause cannot use DEFAULT values, unless used as a source in an INSERT
  statement.
3944 HY000 The query does not comply with variable require_row_format restrictions.
3955 HY000 Access denied for user '%s'@'%s'. Account is blocked for %s day(s) (%s day(s)
  remaining) due to %s consecutive failed logins.
3959 HY000 Check constraint '%s' uses column '%s', hence column cannot be dropped or renamed.
3966 22035 No value was found by '%s' on the specified path.
3967 22034 More than one value was found by '%s' on the specified path.
3986 HY000 Evaluating a JSON value in SQL boolean context does an implicit comparison against JSON
  integer 0; if this is not what you want, consider converting JSON to a SQL numeric type with
  JSON_VALUE RETURNING
3987 HY000 The function %s does not support the character set '%s'.
3988 HY000 Conversion from collation %s into %s impossible for %s
3989 HY000 Schema '%s' is in read only mode.
3995 HY000 Character set '%s' cannot be used in conjunction with '%s' in call to %s.
3998 HY000 Cannot cast value to TIMESTAMP WITH TIME ZONE.
4007 HY000 Decimal number in regular expression is too large.
4028 HY000 A table must have at least one visible column.
4031 HY000 The client was disconnected by the server because of inactivity. See wait_timeout and
  interactive_timeout for configuring this behavior.
4078 HY000 Missing data file in regular expression library.
4079 HY000 '%s' is a collation of the deprecated character set %s. Please consider using %s with
  an appropriate collation instead.
4161 HY000 The assignment of %s in SET doesn't match any of the variables registered by the
  component(s)
4163 42000 User-level lock name '%s' should not exceed 64 characters.
6125 HY000 Failed to add the foreign key constraint. Missing unique key for constraint '%s' in
  the referenced table '%s'
"""
