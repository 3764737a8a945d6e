CREATE DATABASE ecommerce;
USE ecommerce;
CREATE TABLE orders (
  order_id BIGINT AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  status VARCHAR(32) NOT NULL,
  total_amount DECIMAL(12,2) NOT NULL,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  shipping_address JSON,
  INDEX (user_id),
  INDEX (status)
);
INSERT INTO orders (user_id, status, total_amount, shipping_address)
VALUES
(1001, 'PLACED', 199.99, JSON_OBJECT('street','123 Main St','city','Bengaluru','zip','560001')),
(1002, 'SHIPPED', 49.50, JSON_OBJECT('street','45 Park Ave','city','Mumbai','zip','400001'));
